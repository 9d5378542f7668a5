import { expect, it } from 'vitest';
import { auditLog } from '../harness/audit-log.ts';
import { obeyedEpoch } from '../harness/obeyed-policy.ts';
import { policyStatus } from '../harness/policy-status.ts';
import { helm, installRelease, RELEASE } from '../harness/release.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { waitFor } from '../harness/wait-for.ts';

const CRD =
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/checkpointretentionpolicies.checkpoint-warden.dev';
const POLICY = '/apis/checkpoint-warden.dev/v1alpha1/checkpointretentionpolicies/uninstall';

const scenario = await startScenario('uninstall');
const { cluster } = scenario;

/** On each node, a pod that has more archives than the limit allows, and one that gets new ones. */
const pairs = await Promise.all(
  cluster.nodes.map(async ({ name: node }) => {
    const [quiet, busy] = await Promise.all([
      scenario.makePod({ name: `quiet-${node}`, node }),
      scenario.makePod({ name: `busy-${node}`, node }),
    ]);
    return { quiet, busy };
  }),
);
const archives = () => cluster.nodes.map((node) => node.archives());
const auditLogs = () => cluster.nodes.map(auditLog);

const setting = (maxCheckpointsPerContainer: number) => ({ globalPolicy: { maxCheckpointsPerContainer } });
await scenario.applyPolicy(setting(3));
for (let count = 0; count < 3; count += 1) {
  await Promise.all(pairs.flatMap(({ quiet, busy }) => [quiet.checkpoint(), busy.checkpoint()]));
}
await waitFor('all have arrived under that limit', async () => {
  const counted = (await policyStatus(cluster, 'uninstall')).archives;
  return counted?.count === 12 && counted.incomplete === 0;
});
await scenario.applyPolicy(setting(2)); // by itself that deletes nothing

/** Waits until nothing of the release runs any more, and none of its deletions is under way. */
async function uninstall(): Promise<void> {
  await helm(cluster, ['uninstall', RELEASE, '--namespace', RELEASE, '--wait', '--timeout', '2m']);
  const pods = `/api/v1/namespaces/${RELEASE}/pods?labelSelector=app.kubernetes.io/instance=${RELEASE}`;
  await waitFor('no agent and no controller is left', async () => {
    return ((await cluster.get(pods)) as { items: readonly unknown[] }).items.length === 0;
  });
}

it('is gone after an uninstall, and has left CRD, policies, archives and what agents know', async () => {
  const [archivesBefore, logsBefore] = [archives(), auditLogs()];
  expect(archivesBefore.map(({ length }) => length)).toEqual([6, 6]);
  await uninstall();
  expect(await cluster.get(CRD)).toMatchObject({ kind: 'CustomResourceDefinition' });
  expect(await cluster.get(POLICY)).toMatchObject({ spec: setting(2) });
  expect(archives()).toEqual(archivesBefore);
  expect(auditLogs()).toEqual(logsBefore);
});

it('goes on where it was after a reinstall, which deletes nothing, though namespace and Lease are made anew', async () => {
  const epochs = cluster.nodes.map(obeyedEpoch);
  await cluster.kubectl(['delete', 'namespace', RELEASE, '--timeout=120s']);
  const before = archives();
  await installRelease(cluster);
  // A policy of the new leader, whose Lease is younger, and has never changed hands.
  await scenario.applyPolicy({ ...setting(2), mode: 'Enforce' });
  await waitFor('both agents obey the leader of the new Lease', () =>
    cluster.nodes.every(
      (node, index) => obeyedEpoch(node).leaseCreatedMs > (epochs[index]?.leaseCreatedMs ?? Infinity),
    ),
  );
  expect(archives()).toEqual(before);

  for (const { quiet, busy } of pairs) {
    const { node } = busy;
    const left = busy.archives()[node]?.slice(-1) ?? [];
    left.push(await busy.checkpoint());
    await waitFor('what arrives is kept within the limit', () => {
      return busy.archives()[node]?.join() === left.join();
    });
    // The pass that did that would have deleted these as well.
    expect(quiet.archives()[node]).toHaveLength(3);
  }
});

it('takes CRD and policies along where crds.keep is false, and not one archive', async () => {
  await installRelease(cluster, { crds: { keep: false } });
  const [archivesBefore, logsBefore] = [archives(), auditLogs()];
  await uninstall();
  await waitFor('the CRD is gone', async () => (await cluster.get(CRD)) === undefined);
  expect(archives()).toEqual(archivesBefore);
  expect(auditLogs()).toEqual(logsBefore);
});
