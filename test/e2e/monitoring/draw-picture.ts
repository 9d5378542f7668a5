/**
 * Makes docs/images/dashboard.svg: ten minutes on a real cluster, with checkpoints on both nodes, pins, leftovers,
 * orphans, an Audit policy and a change of the leader, drawn from what a real Prometheus has seen of it.
 *
 *     npm run cluster        # in another terminal; it says what to export
 *     WARDEN_DEV_CLUSTER=… node test/e2e/monitoring/draw-picture.ts
 */
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ROOT } from '../../../packages/tooling/versions.mjs';
import { readClusterAddress } from '../../cluster/nodes/cluster-address.ts';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { drawDashboard } from '../../monitoring/draw-dashboard.ts';
import { installRelease } from '../harness/release.ts';
import { openTestCluster, type TestCluster } from '../harness/test-cluster.ts';
import { findTestPod, type PodOptions, podSpec, type TestPod } from '../harness/test-pod.ts';
import { startClusterPrometheus } from './cluster-prometheus.ts';

const MINUTES = 10;
const PICTURE = join(ROOT, 'docs/images/dashboard.svg');
const MIB = 2 ** 20;

/** Who is checkpointed: a namespace, a pod, its memory, and how many seconds lie between two checkpoints. */
const WORKLOADS = [
  { namespace: 'shop', name: 'web-0', node: 'node1', ballastBytes: 3 * MIB, everySeconds: 12 },
  { namespace: 'shop', name: 'web-1', node: 'node2', ballastBytes: 3 * MIB, everySeconds: 17 },
  { namespace: 'batch', name: 'train-0', node: 'node2', ballastBytes: 8 * MIB, everySeconds: 30 },
  { namespace: 'dev', name: 'notebook', node: 'node1', ballastBytes: 2 * MIB, everySeconds: 25 },
] as const;

const POLICIES = {
  default: {
    orphanGracePeriod: '10s',
    globalPolicy: { maxCheckpointsPerContainer: 8, keepLast: 1, retainOrphan: false },
    namespacePolicies: [
      { namespace: 'batch', maxTotalSize: '50Mi', retainOrphan: false },
      { namespace: 'dev', maxCheckpointAge: '2m' },
    ],
    nodePolicy: { maxIncompleteAge: '2m' },
  },
  'trial-of-shop': {
    mode: 'Audit',
    applyPoliciesImmediately: true,
    podPolicies: [{ namespace: 'shop', pod: 'web-1', maxCheckpoints: 4 }],
  },
};

const cluster = await openTestCluster(readClusterAddress(process.env.WARDEN_DEV_CLUSTER ?? ''));
await installRelease(cluster);
const prometheus = await startClusterPrometheus(cluster, { scrapeIntervalSeconds: 5 });
try {
  const start = Date.now() / 1_000;
  await applyPolicies(cluster);
  const namespaces = [...new Set(WORKLOADS.map((workload) => workload.namespace))];
  await cluster.kubectl(['delete', 'namespace', ...namespaces, '--ignore-not-found']); // of a run before
  for (const namespace of namespaces) await cluster.kubectl(['create', 'namespace', namespace]);
  await wait(5_000); // for the namespaces' service accounts
  const end = Date.now() + MINUTES * 60_000;
  await Promise.all([...WORKLOADS.map((workload) => keepCheckpointing(workload, end)), disturb(cluster)]);
  writeFileSync(PICTURE, await drawDashboard(prometheus, { start, end: Date.now() / 1_000 }));
  console.log(`drawn: ${PICTURE}`);
} finally {
  await prometheus.close();
  cluster.close();
}

async function applyPolicies(of: TestCluster): Promise<void> {
  const items = Object.entries(POLICIES).map(([name, spec]) => ({
    apiVersion: 'checkpoint-warden.dev/v1alpha1',
    kind: 'CheckpointRetentionPolicy',
    metadata: { name },
    spec,
  }));
  await of.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

async function keepCheckpointing(
  { namespace, everySeconds, ...pod }: (typeof WORKLOADS)[number],
  endMs: number,
): Promise<void> {
  const made = await makePod(namespace, pod);
  while (Date.now() < endMs) {
    await made.checkpoint().catch((error) => console.error(String(error)));
    await wait(everySeconds * 1_000);
  }
}

/**
 * Makes a pod as a scenario does, but asks nobody whether its memory is filled: on a machine that is busy for a
 * quarter of an hour such a probe takes too long now and then. Archives grow with the memory, that is all.
 */
async function makePod(namespace: string, { name, node, ballastBytes }: PodOptions): Promise<TestPod> {
  const { containers, ...spec } = podSpec(['app'], ballastBytes);
  const withoutProbes = containers.map((container) => ({ ...container, readinessProbe: undefined }));
  await cluster.admin.send('POST', `/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name },
    spec: { ...spec, nodeName: node, containers: withoutProbes },
  });
  return findTestPod(cluster, namespace, name);
}

/** Pins, a leftover, an orphan and another leader, one after the other. */
async function disturb(of: TestCluster): Promise<void> {
  const node = of.node('node1');
  const directory = node.path(CHECKPOINT_DIR);
  const short = await makePod('shop', { name: 'short-lived', node: 'node1', ballastBytes: 6 * MIB });
  await wait(30_000); // it fills its memory
  const taken = [await short.checkpoint(), await short.checkpoint(), await short.checkpoint()];
  await wait(45_000);
  writeFileSync(join(directory, `${taken[0]}.keep`), 'evidence\n');
  truncateSync(join(directory, taken[1] ?? ''), 200 * 1024);
  await wait(120_000);
  await short.delete();
  await wait(150_000);
  await of.kubectl([
    'delete',
    'pod',
    '-n',
    'checkpoint-warden',
    '-l',
    'app.kubernetes.io/component=controller',
  ]);
}
