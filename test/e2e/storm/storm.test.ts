import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { takeSample } from '../harness/archive-sample.ts';
import { type ArchivesTaken, expectNewestKept } from '../harness/archives-taken.ts';
import { policyStatus } from '../harness/policy-status.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { tell } from '../harness/tell.ts';
import { waitFor } from '../harness/wait-for.ts';
import { watchUsage } from './process-usage.ts';
import { type RemovalWatch, watchRemovals } from './watch-removals.ts';

const KEPT = 2;
const PODS_PER_NODE = 2;
const CONTAINERS = ['a', 'b', 'c', 'd', 'e', 'f'];
/** Of each container, by the kubelet. */
const CHECKPOINTS = 4;
/**
 * Of each container, copies of a real archive of it under earlier times: the kubelet of a small machine cannot make a storm
 * alone, and an archive is what its name and its metadata say.
 */
const COPIES = 16;

const scenario = await startScenario('storm');
const { cluster } = scenario;
await scenario.applyPolicy({ globalPolicy: { maxCheckpointsPerContainer: KEPT } });
/** Of a policy of that name in an earlier run on this cluster. */
const deletedBefore = (await policyStatus(cluster, 'storm')).deleted?.count ?? 0;
const pods = await Promise.all(
  cluster.nodes.flatMap(({ name: node }) =>
    Array.from({ length: PODS_PER_NODE }, (_, index) =>
      scenario.makePod({ name: `storm-${node}-${index}`, node, containers: CONTAINERS }),
    ),
  ),
);
const containers = await Promise.all(
  pods.flatMap((pod) =>
    CONTAINERS.map(async (container) => ({
      pod,
      container,
      sample: await takeSample(cluster, pod, container),
      taken: { node: cluster.node(pod.node), begunMs: new Map<string, number>() } satisfies ArchivesTaken,
    })),
  ),
);
type Container = (typeof containers)[number];

it('keeps hundreds of archives that come within seconds on both nodes exactly within the policy', async () => {
  const removals = new Map(cluster.nodes.map((node) => [node.name, watchRemovals(node)]));
  scenario.onEnd(() => {
    for (const each of removals.values()) each.end();
  });
  const usage = await watchUsage(cluster);
  const startedAt = performance.now();
  const secondsOf = async <T>(work: Promise<T>) =>
    [await work, (performance.now() - startedAt) / 1_000] as const;
  const [[byKubelet, seconds], [byCopy, copySeconds]] = await Promise.all([
    secondsOf(Promise.all(containers.map(takeCheckpoints))),
    secondsOf(Promise.all(containers.map(layCopies))),
  ]);

  const deleted = await expectNewestKept(
    containers.map(({ taken }) => taken),
    KEPT,
  );
  expect(deleted).toBe(containers.length * (CHECKPOINTS + COPIES - KEPT));
  await waitFor('the status counts every deletion', async () => {
    return (await policyStatus(cluster, 'storm')).deleted?.count === deletedBefore + deleted;
  });

  const [real, copies] = [CHECKPOINTS, COPIES].map((each) => each * containers.length) as [number, number];
  const rate = (count: number, time: number) =>
    `${count} in ${time.toFixed(1)} s, ${(count / time).toFixed(1)} a second`;
  tell(`storm: checkpoints by the kubelets: ${rate(real, seconds)}`);
  tell(`storm: copies beside them: ${rate(copies, copySeconds)}`);
  tell(
    `storm: the kubelet's answer → surplus archive gone: ${describe(latencies(byKubelet.flat(), removals))}`,
  );
  tell(`storm: the copy is there → surplus archive gone: ${describe(latencies(byCopy.flat(), removals))}`);
  for (const line of await usage.end()) tell(`storm: ${line}`);
});

/** An archive that has come, of `performance.now()`, and the one of the same kind that it makes surplus, if any. */
interface Arrival {
  readonly node: string;
  readonly at: number;
  readonly surplus: string | undefined;
}

/** One after the other, as those of a container within a second would be one file. */
async function takeCheckpoints({ pod, container, taken }: Container): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  const names: string[] = [];
  for (let count = 0; count < CHECKPOINTS; count += 1) {
    const begunMs = Date.now();
    const name = await pod.checkpoint(container);
    const at = performance.now();
    taken.begunMs.set(name, begunMs);
    arrivals.push({ node: pod.node, at, surplus: names.at(-KEPT) });
    names.push(name);
  }
  return arrivals;
}

/** In the order of their times, with turns for what else happens here. */
async function layCopies({ pod, sample, taken }: Container): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  for (let minutes = COPIES; minutes > 0; minutes -= 1) {
    taken.begunMs.set(sample.nameOf(minutes), Date.now());
    sample.lay(minutes);
    const surplus = minutes + KEPT > COPIES ? undefined : sample.nameOf(minutes + KEPT);
    arrivals.push({ node: pod.node, at: performance.now(), surplus });
    await nextTurn();
  }
  return arrivals;
}

/** Milliseconds. Below zero where the surplus was gone before the kubelet's answer had come here. */
function latencies(arrivals: readonly Arrival[], removals: ReadonlyMap<string, RemovalWatch>): number[] {
  return arrivals.flatMap(({ node, at, surplus }) => {
    const removedAt = surplus === undefined ? undefined : removals.get(node)?.removedAt(surplus);
    return removedAt === undefined ? [] : [removedAt - at];
  });
}

function describe(times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) => `${sorted[Math.ceil(share * (sorted.length - 1))]?.toFixed(0)} ms`;
  return `${at(0)} / ${at(0.5)} / ${at(0.99)} / ${at(1)} (min / median / p99 / max of ${sorted.length})`;
}
