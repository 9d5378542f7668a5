import { expect, it } from 'vitest';
import { WARDEN_IMAGE } from '../../image/warden-image.ts';
import { type ArchivesTaken, expectNewestKept } from '../harness/archives-taken.ts';
import { auditLog } from '../harness/audit-log.ts';
import { obeyedEpoch } from '../harness/obeyed-policy.ts';
import { conditionOf, policyStatus } from '../harness/policy-status.ts';
import { helm, installRelease, RELEASE } from '../harness/release.ts';
import { startScenario } from '../harness/start-scenario.ts';
import { tell } from '../harness/tell.ts';
import { waitFor } from '../harness/wait-for.ts';

const scenario = await startScenario('upgrade');
const { cluster } = scenario;
const KEPT = 3;
const POLICY = '/apis/checkpoint-warden.dev/v1alpha1/checkpointretentionpolicies/upgrade';
/** Limits against hanging: rolling out takes minutes where the machine has much else to do. */
const PATIENCE = { timeout: 900_000 };
const OTHER_TAG = `${WARDEN_IMAGE.tag}-again`;

await scenario.applyPolicy({ globalPolicy: { maxCheckpointsPerContainer: KEPT } });
/** Of a policy of that name in an earlier run on this cluster. */
const deletedBefore = (await policyStatus(cluster, 'upgrade')).deleted?.count ?? 0;
const pods = await Promise.all(
  cluster.nodes.map(({ name: node }) => {
    return scenario.makePod({ name: `busy-${node}`, node, containers: ['one', 'two'] });
  }),
);
const containers = pods.flatMap((pod) =>
  ['one', 'two'].map((name) => {
    const taken: ArchivesTaken = { node: cluster.node(pod.node), begunMs: new Map() };
    return {
      taken,
      async checkpoint() {
        const begunMs = Date.now();
        taken.begunMs.set(await pod.checkpoint(name), begunMs);
      },
    };
  }),
);

/** Goes on taking checkpoints of every container until something else is done, and some more of each then. */
async function whileTaking(action: () => Promise<unknown>): Promise<void> {
  let done = false;
  const taking = Promise.allSettled(
    containers.map(async ({ checkpoint }) => {
      while (!done) await checkpoint();
      for (let count = 0; count < KEPT; count += 1) await checkpoint();
    }),
  );
  try {
    await action();
  } finally {
    done = true;
    await taking;
  }
  for (const each of await taking) if (each.status === 'rejected') throw each.reason;
}

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
  }[];
}

async function podsOfRelease(): Promise<Pods['items']> {
  const selector = `labelSelector=app.kubernetes.io/instance=${RELEASE}`;
  return ((await cluster.get(`/api/v1/namespaces/${RELEASE}/pods?${selector}`)) as Pods).items;
}

/** What must be the same, or go on, whatever is rolled out. */
async function expectNothingLost(change: () => Promise<unknown>, image: string): Promise<void> {
  const before = {
    pods: await podsOfRelease(),
    epochs: cluster.nodes.map(obeyedEpoch),
    logs: cluster.nodes.map(auditLog),
    policy: (await cluster.get(POLICY)) as { metadata: { uid: string; generation: number } },
  };
  const startedAt = performance.now();
  await whileTaking(change);
  const seconds = (performance.now() - startedAt) / 1_000;

  const pods = await waitFor('the pods that were replaced are gone', async () => {
    const now = await podsOfRelease();
    return now.length === before.pods.length && now;
  });
  const names = before.pods.map(({ metadata }) => metadata.name);
  expect(pods.filter(({ metadata }) => names.includes(metadata.name))).toEqual([]);
  expect(new Set(pods.map(({ spec }) => spec.containers[0]?.image))).toEqual(new Set([image]));

  await expectNewestKept(
    containers.map(({ taken }) => taken),
    KEPT,
  );
  for (const [index, node] of cluster.nodes.entries()) {
    const log = auditLog(node);
    const earlier = before.logs[index] ?? [];
    expect(log.slice(0, earlier.length), 'the audit log goes on').toEqual(earlier);
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, place) => (log[0]?.seq ?? 0) + place));
  }
  const rises = () =>
    cluster.nodes.every((node, index) => {
      const [was, is] = [before.epochs[index], obeyedEpoch(node)];
      return is.leaseCreatedMs === was?.leaseCreatedMs && is.leaseTransitions > was.leaseTransitions;
    });
  await waitFor('the agents obey a later leader', rises);
  expect(await cluster.get(POLICY)).toMatchObject({
    metadata: { uid: before.policy.metadata.uid, generation: before.policy.metadata.generation },
  });
  const deleted = containers.reduce((sum, { taken }) => sum + taken.begunMs.size - KEPT, 0);
  await waitFor('the status counts every deletion, and finds nothing wrong', async () => {
    const status = await policyStatus(cluster, 'upgrade');
    return (
      status.deleted?.count === deletedBefore + deleted &&
      status.nodes?.current === 2 &&
      conditionOf(status, 'Enforced').startsWith('Enforced=True') &&
      conditionOf(status, 'Degraded').startsWith('Degraded=False')
    );
  });
  const taken = containers.reduce((sum, each) => sum + each.taken.begunMs.size, 0);
  tell(`rolled out in ${seconds.toFixed(0)} s; ${taken} checkpoints so far, ${deleted} deleted`);
}

it('rolls out another version while checkpoints are taken, and nothing is lost', PATIENCE, async () => {
  const image = (tag: string) => `${WARDEN_IMAGE.repository}:${tag}`;
  for (const node of cluster.nodes) {
    const images = ['ctr', '--namespace', 'k8s.io', 'images'] as const;
    node.run(...images, 'tag', '--force', image(WARDEN_IMAGE.tag), image(OTHER_TAG));
  }
  const values = { image: { tag: OTHER_TAG }, agent: { podAnnotations: { 'e2e.test/version': 'other' } } };
  await expectNothingLost(() => installRelease(cluster, values), image(OTHER_TAG));
});

it('goes back to the version before while checkpoints are taken, and nothing is lost', PATIENCE, async () => {
  const rollback = ['rollback', RELEASE, '--namespace', RELEASE, '--wait', '--timeout', '8m'];
  await expectNothingLost(() => helm(cluster, rollback), `${WARDEN_IMAGE.repository}:${WARDEN_IMAGE.tag}`);
});
