import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { policyStatus } from '../harness/policy-status.ts';
import { RELEASE } from '../harness/release.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { tell } from '../harness/tell.ts';
import type { TestPod } from '../harness/test-pod.ts';
import { WITHIN_MS, waitFor } from '../harness/wait-for.ts';

const scenario = await startScenario('install');
const { cluster } = scenario;

/** What a ready-made command prints of the status of an object of the release. */
function statusOf(object: string, field: string): Promise<string> {
  return cluster.kubectl(['get', object, '--namespace', RELEASE, `--output=jsonpath={.status.${field}}`]);
}

it('runs an agent on each node and two controllers', async () => {
  await waitFor('an agent on each node is ready', async () => {
    return (await statusOf('daemonset/checkpoint-warden-agent', 'numberReady')) === '2';
  });
  await waitFor('two controllers are ready', async () => {
    return (await statusOf('deployment/checkpoint-warden-controller', 'readyReplicas')) === '2';
  });
});

it('deletes nothing without a policy', async () => {
  const pod = await scenario.makePod({ name: 'free' });
  const taken = [await pod.checkpoint(), await pod.checkpoint(), await pod.checkpoint()];
  expect(pod.archives()).toEqual({ node1: taken, node2: [] });
  // What has arrived without a policy, and was not taken note of yet, would arrive under the next one.
  const folder = cluster.node('node1').path(CHECKPOINT_DIR);
  for (const name of taken) rmSync(join(folder, name));
});

it('keeps what a policy says of real checkpoints, on both nodes', async () => {
  await scenario.applyPolicy({ globalPolicy: { maxCheckpointsPerContainer: 2 } });
  const deletedCount = async () => (await policyStatus(cluster, 'install')).deleted?.count ?? 0;
  const before = await deletedCount();
  const pods = await Promise.all(
    cluster.nodes.map((node) => scenario.makePod({ name: `web-${node.name}`, node: node.name })),
  );
  const kept = await Promise.all(
    pods.map(async (pod) => {
      const taken: string[] = [];
      for (let count = 0; count < 4; count += 1) taken.push(await pod.checkpoint());
      return taken.slice(-2);
    }),
  );
  await waitFor('each pod has its two newest archives', () =>
    pods.every((pod, index) => String(pod.archives()[pod.node]) === String(kept[index])),
  );
  // The agents count what they have deleted since they are there.
  await waitFor('the status counts the four that went', async () => (await deletedCount()) === before + 4);
  expect(await policyStatus(cluster, 'install')).toMatchObject({
    nodes: { desired: 2, ready: 2, current: 2 },
  });
});

it('has the surplus gone in no time after the kubelet has answered', async () => {
  await scenario.applyPolicy({ globalPolicy: { maxCheckpointsPerContainer: 1 } });
  const pod = await scenario.makePod({ name: 'timed' });
  const times: number[] = [];
  let oldest = await pod.checkpoint();
  for (let round = 0; round < 10; round += 1) {
    const [surplus, gone] = [oldest, untilGone(pod, oldest)];
    oldest = await pod.checkpoint();
    const answeredAt = performance.now();
    times.push((await gone) - answeredAt);
    expect(pod.archives()[pod.node]).not.toContain(surplus);
  }
  const [fastest = 0, ...others] = times.toSorted((one, other) => one - other);
  const [median, slowest] = [others[others.length >> 1] ?? 0, others.at(-1) ?? 0];
  const figures = [fastest, median, slowest].map((ms) => ms.toFixed(0)).join(' / ');
  tell(`the kubelet's answer → surplus archive gone: ${figures} ms (min / median / max of ${times.length})`);
});

/** @returns when an archive was gone, of `performance.now()` */
async function untilGone(pod: TestPod, archive: string): Promise<number> {
  const file = join(cluster.node(pod.node).path(CHECKPOINT_DIR), archive);
  const deadline = performance.now() + WITHIN_MS;
  while (existsSync(file)) {
    if (performance.now() > deadline) throw new Error(`${archive} is still there after ${WITHIN_MS} ms`);
    await wait(1);
  }
  return performance.now();
}
