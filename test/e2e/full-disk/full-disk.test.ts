import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { deletionReason } from '../harness/audit-log.ts';
import { conditionOf, policyStatus } from '../harness/policy-status.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { waitFor } from '../harness/wait-for.ts';

const scenario = await startScenario('full-disk');
const { cluster } = scenario;
const node = cluster.node('node1');
scenario.onEnd(() => node.restoreCheckpointDisk());
const limits = { globalPolicy: { maxCheckpointsPerContainer: 2 } };
await scenario.applyPolicy(limits);
const pods = await Promise.all(
  ['one', 'two', 'three'].map((name) => scenario.makePod({ name, node: node.name })),
);
const archives = () => pods.flatMap((pod) => pod.archives()[node.name] ?? []).sort();

/** Two good copies of each pod, oldest first. */
const good: (readonly string[])[] = [];
let cutOff: string[] = [];

it('leaves truncated archives, which displace no good copy, when checkpoints fail on a full disk', async () => {
  for (const pod of pods) good.push([await pod.checkpoint(), await pod.checkpoint()]);
  node.resizeCheckpointDisk(usedBytes() + 64 * 1024);
  for (const pod of pods) await expect(pod.checkpoint()).rejects.toThrow('no space left on device');

  cutOff = archives().filter((archive) => !good.flat().includes(archive));
  expect(cutOff.length).toBeGreaterThan(0);
  await waitFor('the status counts what is incomplete', async () => {
    const { archives } = await policyStatus(cluster, 'full-disk');
    return archives?.count === 6 + cutOff.length && archives.incomplete === cutOff.length;
  });
  expect(archives()).toEqual([...good.flat(), ...cutOff].sort());
});

it('rotates good copies past the truncated ones once there is room again', async () => {
  node.restoreCheckpointDisk();
  const [pod] = pods;
  const [first = '', second = ''] = good[0] ?? [];
  const third = (await pod?.checkpoint()) ?? '';
  good[0] = [second, third];
  await waitFor('the oldest good copy is gone', () => !archives().includes(first));
  expect(archives()).toEqual([...good.flat(), ...cutOff].sort());
});

it('deletes truncated archives when they are older than maxIncompleteAge', async () => {
  await scenario.applyPolicy({ ...limits, nodePolicy: { maxIncompleteAge: '1s' } });
  await waitFor('the truncated archives are gone', () => !archives().some((name) => cutOff.includes(name)));
  expect(archives()).toEqual(good.flat().sort());
  expect(cutOff.map((archive) => deletionReason(node, archive))).toEqual(cutOff.map(() => 'abandoned'));
  const status = await waitFor('the status counts nothing as incomplete', async () => {
    const status = await policyStatus(cluster, 'full-disk');
    return status.archives?.incomplete === 0 && status;
  });
  expect(conditionOf(status, 'Degraded')).toBe('Degraded=False Healthy: Nothing is wrong.');
});

function usedBytes(): number {
  return node
    .archives()
    .map((name) => statSync(join(node.path(CHECKPOINT_DIR), name)).blocks * 512)
    .reduce((sum, bytes) => sum + bytes, 0);
}
