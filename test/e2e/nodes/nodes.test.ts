import { readFileSync, statfsSync } from 'node:fs';
import { beforeEach, expect, it } from 'vitest';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { agentOn } from '../harness/agent-pod.ts';
import { takeSample } from '../harness/archive-sample.ts';
import { deletionReason } from '../harness/audit-log.ts';
import { policyStatus } from '../harness/policy-status.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { makeTestPod } from '../harness/test-pod.ts';
import { WITHIN_MS, waitFor } from '../harness/wait-for.ts';
import { makeWitness } from '../harness/witness.ts';

const scenario = await startScenario('nodes');
const { cluster } = scenario;
const node = cluster.node('node1');
const deadline = { timeout: WITHIN_MS };

// In a policy of their own, so that they are in force wherever the others are not.
const witnesses = {
  node1: await makeWitness(scenario, 'node1'),
  node2: await makeWitness(scenario, 'node2'),
};
await scenario.applyPolicy(
  { containerPolicies: Object.values(witnesses).map(({ rule }) => rule) },
  'witnesses',
);

const little = `${scenario.namespace}-little`;
await scenario.makeNamespace(little);
const ballastBytes = 2_000_000;
const [podOfMuch, podOfLittle, podOfNode2] = await Promise.all([
  scenario.makePod({ name: 'much', ballastBytes }),
  makeTestPod(cluster, little, { name: 'little', ballastBytes }),
  scenario.makePod({ name: 'elsewhere', node: 'node2' }),
]);
const much = await takeSample(cluster, podOfMuch);
const some = await takeSample(cluster, podOfLittle);
const elsewhere = await takeSample(cluster, podOfNode2);

beforeEach(clear);
scenario.onEnd(clear);
function clear(): void {
  for (const sample of [much, some, elsewhere]) sample.clear();
}

it('puts a policy with a nodeSelector in force where the label is, and follows it to another node', async () => {
  const label = 'e2e.test/checkpoints';
  scenario.onEnd(() => cluster.kubectl(['label', 'nodes', '--all', `${label}-`]));
  await cluster.kubectl(['label', 'node', 'node1', `${label}=limited`]);
  much.lay(3, 2, 1);
  elsewhere.lay(3, 2, 1);
  await scenario.applyPolicy({
    nodeSelector: { [label]: 'limited' },
    applyPoliciesImmediately: true,
    globalPolicy: { maxCheckpointsPerContainer: 1 },
  });
  await expect.poll(much.left, deadline).toEqual([1]);
  await witnesses.node2.pass();
  expect(elsewhere.left()).toEqual([1, 2, 3]);
  expect((await policyStatus(cluster, 'nodes')).nodes).toEqual({ desired: 1, ready: 1, current: 1 });

  await cluster.kubectl(['label', 'node', 'node1', `${label}-`]);
  await cluster.kubectl(['label', 'node', 'node2', `${label}=limited`]);
  await expect.poll(elsewhere.left, deadline).toEqual([1]);
  await waitFor('the policy is not in force on node1 any more', () => {
    const inForce = readFileSync(node.path('/var/lib/checkpoint-warden/controller-policy.json'), 'utf8');
    return inForce.includes('witnesses/') && !inForce.includes('nodes/');
  });
  much.lay(3, 2);
  await witnesses.node1.pass();
  expect(much.left()).toEqual([1, 2, 3]);
});

it('makes room under the total of a node in the namespace that has most, oldest first, and leaves what is pinned', async () => {
  // 7 archives of 2.2 MiB. There is room for 4, and those of the little namespace are the oldest.
  some.lay(7, 6);
  much.lay(5, 4, 3, 2, 1);
  const agent = await agentOn(cluster, 'node1');
  await agent.run(['pin', much.nameOf(5)]);
  await scenario.applyPolicy({ nodePolicy: { maxTotalSize: '10Mi' } });
  await expect.poll(much.left, deadline).toEqual([1, 5]);
  await expect
    .poll(() => cluster.kubectl(['events', '--namespace=default', '--for=ckrp/nodes']), {
      ...deadline,
      interval: 1_000,
    })
    .toMatch(/Warning .*NodePressure .*node1: deleted for the node’s disk 3 archives, .*: 3 over-node-size/);
  expect(much.left()).toEqual([1, 5]);
  expect(some.left()).toEqual([6, 7]);
});

it('makes room on a small disk until enough of it is free', async () => {
  await scenario.applyPolicy({ nodePolicy: { maxTotalSize: '100Mi' } });
  some.lay(7, 6);
  much.lay(5, 4, 3, 2, 1);
  const folder = node.path(CHECKPOINT_DIR);
  const before = statfsSync(folder);
  scenario.onEnd(() => node.restoreCheckpointDisk());
  // One archive more would fit, and two and a half are to be free: that takes two of the five.
  node.resizeCheckpointDisk((before.blocks - before.bfree) * before.bsize + much.bytes);
  await scenario.applyPolicy({ nodePolicy: { minFreeSpace: String(Math.floor(2.5 * much.bytes)) } });
  await expect.poll(much.left, deadline).toEqual([1, 2, 3]);
  expect(deletionReason(node, much.nameOf(4))).toBe('low-free-space');
  const { bavail, bsize } = statfsSync(folder);
  expect(bavail * bsize).toBeGreaterThanOrEqual(2.5 * much.bytes);
  await witnesses.node1.pass();
  expect(much.left()).toEqual([1, 2, 3]);
  expect(some.left()).toEqual([6, 7]);
});
