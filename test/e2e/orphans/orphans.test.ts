import { expect, it } from 'vitest';
import { deletionReason } from '../harness/audit-log.ts';
import { leaderMetrics } from '../harness/leader-metrics.ts';
import { policyStatus } from '../harness/policy-status.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { findTestPod, makeTestPod, podSpec, type TestPod } from '../harness/test-pod.ts';
import { waitFor } from '../harness/wait-for.ts';

const scenario = await startScenario('orphans');
const { cluster, namespace } = scenario;
const noOtherLimit = { maxCheckpoints: 100 };
await scenario.applyPolicy({
  orphanGracePeriod: '1s',
  globalPolicy: { retainOrphan: false },
  podPolicies: [{ namespace, pod: 'kept-*', retainOrphan: true, ...noOtherLimit }],
});
await scenario.applyPolicy(
  {
    orphanGracePeriod: '15s',
    podPolicies: [{ namespace, pod: 'patient-*', retainOrphan: false, ...noOtherLimit }],
  },
  'orphans-patient',
);

const isEmpty = (pod: TestPod) => Object.values(pod.archives()).flat().length === 0;

it('deletes the archives of a pod that is gone, and nobody else’s', async () => {
  const [gone, stays] = await Promise.all([
    scenario.makePod({ name: 'gone', node: 'node1', containers: ['app', 'side'] }),
    scenario.makePod({ name: 'gone-not', node: 'node1' }),
  ]);
  const taken = await Promise.all([gone.checkpoint('app'), gone.checkpoint('side')]);
  const kept = await stays.checkpoint();
  expect(gone.archives()).toEqual({ node1: taken, node2: [] });
  await gone.delete();
  await waitFor('the archives of the pod are gone', () => isEmpty(gone));
  expect(stays.archives()).toEqual({ node1: [kept], node2: [] });
  expect(taken.map((archive) => deletionReason(cluster.node('node1'), archive))).toEqual([
    'orphaned',
    'orphaned',
  ]);
  await waitFor('an Event tells of it', async () => {
    const events = await cluster.kubectl(['events', '--namespace=default', '--for=ckrp/orphans']);
    return /ArchivesDeleted.*node1: deleted .*orphaned/.test(events);
  });
});

it('keeps the archives of a pod that is gone where the policy retains orphans, and counts them', async () => {
  const kept = await scenario.makePod({ name: 'kept-0', node: 'node2' });
  const archive = await kept.checkpoint();
  await kept.delete();
  await waitFor('the status counts the orphan', async () => {
    const { archives } = await policyStatus(cluster, 'orphans');
    return archives?.orphaned === 1;
  });
  await untilOrphansGo('node2');
  expect(kept.archives()).toEqual({ node1: [], node2: [archive] });
});

it('keeps the archives of a pod that comes back within the grace', async () => {
  const [back, away] = await Promise.all([
    scenario.makePod({ name: 'patient-back' }),
    scenario.makePod({ name: 'patient-away' }),
  ]);
  const [archive] = await Promise.all([back.checkpoint(), away.checkpoint()]);
  const before = await foundGone();
  await Promise.all([back.delete(), away.delete()]);
  await waitFor('both have been found gone', async () => (await foundGone()) >= before + 2);
  await scenario.makePod({ name: 'patient-back', node: 'node2' });
  await waitFor('the archive of the pod that stays away is gone', () => isEmpty(away));
  expect(back.archives()).toEqual({ node1: [archive], node2: [] });
});

it('keeps what a pod has left on another node, until no pod of that name exists any more', async () => {
  await applyStatefulSet('node1');
  const before = await findTestPod(cluster, namespace, 'db-0');
  const left = await before.checkpoint();
  await applyStatefulSet('node2');
  await before.delete();
  const after = await findTestPod(cluster, namespace, 'db-0');
  expect(after.node).toBe('node2');
  const taken = await after.checkpoint();
  await untilOrphansGo('node1');
  expect(after.archives()).toEqual({ node1: [left], node2: [taken] });

  await cluster.kubectl(['delete', 'statefulset', 'db', '--namespace', namespace]);
  await waitFor('the archives of db-0 are gone on both nodes', () => isEmpty(after));
});

it('deletes the archives of all pods of a namespace that is deleted', async () => {
  const other = `${namespace}-2`;
  await scenario.makeNamespace(other);
  const pods = await Promise.all(
    cluster.nodes.map(({ name: node }) => makeTestPod(cluster, other, { name: `on-${node}`, node })),
  );
  const namesake = await scenario.makePod({ name: 'on-node1', node: 'node1' });
  const [kept] = await Promise.all([namesake.checkpoint(), ...pods.map((pod) => pod.checkpoint())]);
  await cluster.kubectl(['delete', 'namespace', other, '--wait=false']);
  await waitFor('the archives of the namespace are gone on both nodes', () => pods.every(isEmpty));
  expect(namesake.archives()).toEqual({ node1: [kept], node2: [] });
});

/** How often the API server has told the leader that a pod does not exist. */
async function foundGone(): Promise<number> {
  const metrics = await leaderMetrics(cluster);
  return metrics?.get('checkpoint_warden_orphan_signals_total{result="gone"}') ?? 0;
}

/** Once the archive of a pod that was deleted only now has gone, other orphans on this node would have gone as well. */
async function untilOrphansGo(node: string): Promise<void> {
  const pod = await scenario.makePod({ name: `later-on-${node}`, node });
  await pod.checkpoint();
  await pod.delete();
  await waitFor('the archive of a pod that was deleted later is gone', () => isEmpty(pod));
}

/** Makes a StatefulSet of one pod, `db-0`, or moves it: a pod stays where it is until it is deleted. */
async function applyStatefulSet(node: string): Promise<void> {
  const labels = { app: 'db' };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      serviceName: 'db',
      selector: { matchLabels: labels },
      updateStrategy: { type: 'OnDelete' },
      template: {
        metadata: { labels },
        spec: { ...podSpec(), nodeSelector: { 'kubernetes.io/hostname': node } },
      },
    },
  };
  await cluster.kubectl(['apply', '--namespace', namespace, '--filename=-'], JSON.stringify(object));
}
