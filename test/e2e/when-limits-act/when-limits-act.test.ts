import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { agentOn } from '../harness/agent-pod.ts';
import { takeSample } from '../harness/archive-sample.ts';
import { deletionReason } from '../harness/audit-log.ts';
import { policyStatus } from '../harness/policy-status.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { WITHIN_MS, waitFor } from '../harness/wait-for.ts';
import { makeWitness } from '../harness/witness.ts';

const scenario = await startScenario('when-limits-act');
const { cluster } = scenario;
const witness = await makeWitness(scenario);
const web = await scenario.makePod({ name: 'web' });
const node = cluster.node(web.node);
const sample = await takeSample(cluster, web);
const agent = await agentOn(cluster, node.name);
scenario.onEnd(sample.clear);
const deadline = { timeout: WITHIN_MS };

beforeEach(() => {
  sample.clear();
  for (const name of web.archives()[node.name] ?? []) rmSync(join(node.path(CHECKPOINT_DIR), name));
});

/** Puts a policy in force; the witness has a rule of its own in it. */
function apply(spec: object): Promise<void> {
  return scenario.applyPolicy({ ...spec, containerPolicies: [witness.rule] });
}

it('deletes nothing for an edit of a limit until the next archive of the group arrives', async () => {
  await apply({ globalPolicy: { maxCheckpointsPerContainer: 4 } });
  sample.lay(4, 3, 2, 1);
  await witness.pass(); // they have arrived under the limit that was
  await apply({ globalPolicy: { maxCheckpointsPerContainer: 2 } });
  await witness.pass();
  expect(sample.left()).toEqual([1, 2, 3, 4]);

  const arrived = await web.checkpoint();
  await expect.poll(sample.left, deadline).toEqual([1]);
  expect(web.archives()[node.name]).toContain(arrived);
});

it('deletes at once for an edit with applyPoliciesImmediately', async () => {
  await apply({ globalPolicy: { maxCheckpointsPerContainer: 4 } });
  sample.lay(4, 3, 2, 1);
  await witness.pass();
  expect(sample.left()).toEqual([1, 2, 3, 4]);
  await apply({ applyPoliciesImmediately: true, globalPolicy: { maxCheckpointsPerContainer: 2 } });
  await expect.poll(sample.left, deadline).toEqual([1, 2]);
});

it('goes for the age by the time in the name, not by that of the file', async () => {
  sample.lay(90, 30); // before the sample was taken: by now they are some minutes older
  const twoHoursAgo = Date.now() / 1000 - 7_200;
  utimesSync(join(node.path(CHECKPOINT_DIR), sample.nameOf(30)), twoHoursAgo, twoHoursAgo);
  await apply({ globalPolicy: { maxCheckpointAge: '1h' } });
  await witness.pass();
  expect(sample.left()).toEqual([30]);
});

it('deletes an archive when it has become too old, without anything else happening', async () => {
  await apply({ globalPolicy: { maxCheckpointAge: '3s' } });
  const archive = await web.checkpoint();
  const [, takenAt = ''] = /-(\d{4}-.*)\.tar$/.exec(archive) ?? [];
  await waitFor('the archive is gone', () => !node.archives().includes(archive));
  expect(Date.now() - Date.parse(takenAt)).toBeGreaterThan(3_000);
  expect(deletionReason(node, archive)).toBe('expired');
});

it('leaves a pinned archive out of the count, and counts it as arrived when it is unpinned', async () => {
  await apply({ globalPolicy: { maxCheckpointsPerContainer: 2 } });
  sample.lay(3);
  await agent.run(['pin', sample.nameOf(3), '--reason', 'evidence']);
  sample.lay(5, 4);
  await witness.pass();
  expect(sample.left()).toEqual([3, 4, 5]);
  await expect
    .poll(async () => (await policyStatus(cluster, 'when-limits-act')).archives, deadline)
    .toMatchObject({ count: 3, pinned: 1 });

  await agent.run(['unpin', sample.nameOf(3)]);
  await expect.poll(sample.left, deadline).toEqual([3, 4]);
});

it('only says in Audit mode what it would delete, and deletes nothing when the mode becomes Enforce', async () => {
  const wouldDelete =
    'checkpoint_warden_deletions_total{reason="over-count",mode="Audit",result="would-delete"}';
  const before = await agent.metric(wouldDelete);
  const globalPolicy = { maxCheckpointsPerContainer: 1 };
  const ofTheWitness = { containerPolicies: [witness.rule] };
  await scenario.applyPolicy(ofTheWitness, 'witness');

  await scenario.applyPolicy({ mode: 'Audit', globalPolicy });
  sample.lay(4, 3, 2);
  await witness.pass();
  expect(sample.left()).toEqual([2, 3, 4]);
  await expect.poll(() => agent.metric(wouldDelete), deadline).toBe(before + 2);
  await expect
    .poll(() => cluster.kubectl(['events', '--namespace=default', '--for=ckrp/when-limits-act']), {
      ...deadline,
      interval: 1_000,
    })
    .toMatch(/WouldDelete .*node1: in Audit mode, would delete \d archives?/);

  await scenario.applyPolicy({ mode: 'Enforce', globalPolicy });
  await witness.pass();
  expect(sample.left()).toEqual([2, 3, 4]);
  sample.lay(1);
  await expect.poll(sample.left, deadline).toEqual([1]);
});
