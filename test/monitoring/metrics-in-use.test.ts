import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readAlertRules } from './alert-rules.ts';
import { readDashboard } from './dashboard-file.ts';
import { collectMetricFamilies, type MetricFamily } from './metric-families.ts';
import { groupingLabelsIn, selectorsIn } from './selectors-in.ts';

/** Of Prometheus itself and of kube-state-metrics. */
const FOREIGN = new Set(['up', 'ALERTS', 'kube_node_spec_unschedulable']);
/** Labels that targets, alerts and histograms have. */
const TARGET_LABELS = [
  'cluster',
  'namespace',
  'node',
  'pod',
  'job',
  'instance',
  'alertname',
  'severity',
  'alertstate',
  'le',
];

const reference = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8');

const expressions = [
  ...readAlertRules().map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
  ...readDashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr }) => ({ where: `panel ${title} ${refId}`, expr })),
  ),
  ...readDashboard().templating.list.flatMap(({ name, definition }) =>
    definition === undefined
      ? []
      : [{ where: `variable ${name}`, expr: definition.replace(/^label_values\((.*), \w+\)$/, '$1') }],
  ),
];

let families: ReadonlyMap<string, MetricFamily>;
beforeAll(async () => {
  families = await collectMetricFamilies();
});

/** A histogram is asked for by its parts. */
function familyOf(metric: string): MetricFamily | undefined {
  const whole = families.get(metric);
  if (whole !== undefined) return whole.type === 'histogram' ? undefined : whole;
  const histogram = families.get(metric.replace(/_(bucket|sum|count)$/, ''));
  return histogram?.type === 'histogram' ? histogram : undefined;
}

describe('what alerts, panels and variables ask for', () => {
  it.each(expressions)('$where: metrics and labels that exist', ({ expr }) => {
    const selectors = selectorsIn(expr);
    expect(selectors).not.toEqual([]);
    for (const { metric, matchers } of selectors) {
      if (FOREIGN.has(metric)) continue;
      const family = familyOf(metric);
      expect(family, `${metric} is no metric of agent or controller`).toBeDefined();
      for (const { label, values } of matchers) {
        expect([...(family?.labels ?? []), ...TARGET_LABELS], `labels of ${metric}`).toContain(label);
        if (!family?.labels.includes(label)) continue;
        for (const value of values) expect(documented(family.name)).toContain(`\`${value}\``);
      }
    }
    const all = [...[...families.values()].flatMap(({ labels }) => labels), ...TARGET_LABELS];
    for (const label of groupingLabelsIn(expr)) expect(all).toContain(label);
  });

  it('is every metric there is, so that none is served for nothing', () => {
    const used = new Set(
      expressions.flatMap(({ expr }) => selectorsIn(expr).map(({ metric }) => familyOf(metric)?.name)),
    );
    expect([...families.keys()].filter((name) => !used.has(name))).toEqual([]);
  });
});

/** What the reference says about a metric. */
function documented(metric: string): string {
  return reference.split('\n').find((line) => line.startsWith(`| \`${metric}\``)) ?? '';
}
