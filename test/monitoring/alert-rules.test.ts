import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  ALERT_PREFIX,
  type AlertRule,
  readAlertRules,
  readExpectations,
  thresholdsOf,
} from './alert-rules.ts';

const rules = readAlertRules();
const runbooks = readFileSync(new URL('../../docs/reference/alerts.md', import.meta.url), 'utf8');
const shortName = ({ alert }: AlertRule) => alert.slice(ALERT_PREFIX.length);

describe('the alert rules', () => {
  it.each(rules)('$alert says what, where, what to do, and has a runbook', (rule) => {
    expect(rule.alert.startsWith(ALERT_PREFIX)).toBe(true);
    expect(rule.labels).toEqual({ severity: expect.stringMatching(/^(critical|warning|info)$/) });
    expect(Object.keys(rule.annotations)).toEqual(['summary', 'description', 'runbook_url']);
    expect(rule.annotations.runbook_url).toMatch(
      new RegExp(`/docs/reference/alerts\\.md#${shortName(rule).toLowerCase()}$`),
    );
    // A rule that keeps the node must name it.
    if (/by \([^)]*\bnode\b/.test(rule.expr))
      expect(rule.annotations.summary).toContain('{{ $labels.node }}');
  });

  it.each(rules)('$alert is tested to fire and to stay silent', ({ alert }) => {
    const expected = readExpectations().filter(({ alertname }) => alertname === alert);
    expect(expected.some(({ exp_alerts = [] }) => exp_alerts.length > 0)).toBe(true);
    expect(expected.some(({ exp_alerts = [] }) => exp_alerts.length === 0)).toBe(true);
  });

  it('are in the documentation, one by one, with severity, time and thresholds', () => {
    const headings = [...runbooks.matchAll(/^## (\w+)\n\n\*(.*)\*$/gm)].map(([, name, facts]) => [
      name,
      facts,
    ]);
    expect(headings).toEqual(rules.map((rule) => [shortName(rule), factsOf(rule)]));
  });
});

function factsOf(rule: AlertRule): string {
  const thresholds = [...thresholdsOf(rule)].map(([name, value]) => `\`${name}\`: ${value}`);
  const time = rule.for === undefined ? 'at once' : `after ${rule.for}`;
  const word = thresholds.length === 1 ? 'threshold' : 'thresholds';
  return [
    `${rule.labels.severity}, ${time}`,
    ...(thresholds.length === 0 ? [] : [`${word} ${thresholds.join(', ')}`]),
  ].join('; ');
}
