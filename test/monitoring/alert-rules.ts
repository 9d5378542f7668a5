import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** One alert of the chart. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold; absent: it fires at once. */
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What `promtool test rules` is given of one alert at one time. */
interface AlertExpectation {
  readonly alertname: string;
  readonly exp_alerts?: readonly unknown[];
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** A rules file of Prometheus. */
export const ALERTS_FILE = path('../../charts/checkpoint-warden/files/alerts.yaml');
/** What all names begin with; documents and values leave it out. */
export const ALERT_PREFIX = 'CheckpointWarden';
const RULE_TESTS_DIR = path('rules');
/** Files for `promtool test rules`, by name. */
export const RULE_TESTS: ReadonlyMap<string, string> = new Map(
  globSync('*.yaml', { cwd: RULE_TESTS_DIR }).map((name) => [name, join(RULE_TESTS_DIR, name)]),
);

export function readAlertRules(): readonly AlertRule[] {
  const file: { groups: { rules: AlertRule[] }[] } = parse(readFileSync(ALERTS_FILE, 'utf8'));
  return file.groups.flatMap(({ rules }) => rules);
}

/** Thresholds by name: the numbers before a comment, as `> 50 # archives`. */
export function thresholdsOf({ expr }: AlertRule): ReadonlyMap<string, number> {
  return new Map(
    [...expr.matchAll(/([\d.]+) # (\w+)$/gm)].map(([, value, name = '']) => [name, Number(value)]),
  );
}

/** Everything that the tests of rules say about alerts. */
export function readExpectations(): readonly AlertExpectation[] {
  return [...RULE_TESTS.values()].flatMap((file) => {
    const { tests }: { tests: { alert_rule_test?: AlertExpectation[] }[] } = parse(
      readFileSync(file, 'utf8'),
    );
    return tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
  });
}
