import { expect, it } from 'vitest';
import { readAlertRules } from '../../monitoring/alert-rules.ts';
import { askPanel } from '../../monitoring/ask-panel.ts';
import { readDashboard } from '../../monitoring/dashboard-file.ts';
import { drawDashboard } from '../../monitoring/draw-dashboard.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { waitFor } from '../harness/wait-for.ts';
import { startClusterPrometheus } from './cluster-prometheus.ts';

const scenario = await startScenario('monitoring');
const { cluster, namespace } = scenario;
const prometheus = await startClusterPrometheus(cluster);
scenario.onEnd(prometheus.close);

async function value(expr: string): Promise<number> {
  const [series] = await prometheus.query(expr);
  return Number(series?.value?.[1] ?? Number.NaN);
}

/** How many deletions for a reason each agent has counted, by node: those of earlier scenarios are among them. */
async function deletionsFor(reason: string): Promise<ReadonlyMap<string, number>> {
  const counted = `checkpoint_warden_deletions_total{reason="${reason}",result="deleted"}`;
  const series = await prometheus.query(`sum by (node) (${counted})`);
  return new Map(series.map(({ metric, value: now }) => [metric.node ?? '', Number(now?.[1])]));
}

/** Waits until each of these agents has counted more deletions for a reason than it had. */
async function untilMoreDeleted(
  reason: string,
  nodes: readonly string[],
  before: ReadonlyMap<string, number>,
): Promise<void> {
  await waitFor(`deletions that are ${reason} on ${nodes.join()}`, async () => {
    const now = await deletionsFor(reason);
    return nodes.every((node) => (now.get(node) ?? 0) > (before.get(node) ?? 0));
  });
}

it('finds every agent and every controller, with the labels that rules and dashboard need', async () => {
  const targets = await waitFor('all targets are up', async () => {
    const found = await prometheus.targets();
    return found.length === 4 && found.every(({ health }) => health === 'up') && found;
  });
  const jobs = targets.map(({ labels: { job, node, namespace: of } }) => ({ job, node, of }));
  for (const { name: node } of cluster.nodes)
    expect(jobs).toContainEqual({ job: 'checkpoint-warden-agent', node, of: 'checkpoint-warden' });
  expect(jobs.filter(({ job }) => job === 'checkpoint-warden-controller')).toHaveLength(2);
});

it('tells what real checkpoints have become', async () => {
  const [overCount, orphaned] = await Promise.all([deletionsFor('over-count'), deletionsFor('orphaned')]);
  await scenario.applyPolicy({
    orphanGracePeriod: '1s',
    namespacePolicies: [{ namespace, retainOrphan: false, maxCheckpoints: 3 }],
  });
  const pods = await Promise.all(
    cluster.nodes.map(({ name: node }) => scenario.makePod({ name: `on-${node}`, node })),
  );
  for (let taken = 0; taken < 4; taken++) await Promise.all(pods.map((pod) => pod.checkpoint()));
  const nodes = pods.map(({ node }) => node);
  await untilMoreDeleted('over-count', nodes, overCount);
  await pods[0]?.delete();
  await untilMoreDeleted('orphaned', nodes.slice(0, 1), orphaned);
  // The limit holds across both nodes: how many of its last three the other pod has depends on which were taken first.
  const left = () => pods.flatMap((pod) => Object.values(pod.archives()).flat()).length;
  await waitFor(
    'the namespace has its archives in the controller’s metrics',
    async () =>
      left() > 0 &&
      (await value(`checkpoint_warden_namespace_archives{archive_namespace="${namespace}"}`)) === left(),
  );
});

/** What there is nothing of here. */
const EMPTY = [
  'Alerts that fire',
  'Limits out of reach',
  'Would be deleted (Audit)',
  'Not deleted after all',
  'Watches that ended',
];

it('fills the dashboard', async () => {
  const end = Date.now() / 1_000;
  const span = { start: end - 60, end, stepSeconds: 5 };
  const panels = readDashboard().panels.filter(({ type }) => type !== 'row');
  const empty = [];
  for (const panel of panels) {
    for (const { refId, series } of await askPanel(panel, prometheus, span)) {
      const samples = series.flatMap(({ value: now, values = [] }) => [...(now ? [now] : []), ...values]);
      const hasData = samples.some(([, sample]) => Number.isFinite(Number(sample)));
      if (!hasData && !EMPTY.includes(panel.title)) empty.push(`${panel.title} ${refId}`);
    }
  }
  expect(empty).toEqual([]);
  const picture = await drawDashboard(prometheus, span);
  for (const { title } of panels) expect(picture).toContain(title.slice(0, 12));
});

it('has no alert when all is well, and one for a node that is cut off', async () => {
  const active = async () => (await prometheus.rules()).filter(({ state }) => state !== 'inactive');
  const rules = await prometheus.rules();
  expect(rules).toHaveLength(readAlertRules().length);
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  // Where the machine keeps a scrape waiting one may be pending for a moment.
  await waitFor('no alert is active', async () => (await active()).length === 0);

  const node = cluster.node('node2');
  node.unplug();
  scenario.onEnd(() => node.plugIn());
  // It fires after 15 minutes; what it waits for can be seen at once.
  const expr = 'ALERTS{alertname="CheckpointWardenAgentDown",node="node2"}';
  await waitFor('AgentDown is pending for the node', async () => (await value(expr)) === 1);
  expect((await active()).some(({ state }) => state === 'firing')).toBe(false);
  node.plugIn();
  await waitFor('all is well again', async () => (await active()).length === 0);
});
