import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, inject } from 'vitest';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { diagnose } from './diagnose.ts';
import { obeysNoRule } from './obeyed-policy.ts';
import { installRelease, type Values } from './release.ts';
import { openTestCluster, type TestCluster } from './test-cluster.ts';
import { makeTestPod, type PodOptions, type TestPod } from './test-pod.ts';
import { waitFor } from './wait-for.ts';

/** What a test file works with: the cluster with the chart installed, and a namespace of its own. */
export interface Scenario {
  readonly cluster: TestCluster;
  readonly namespace: string;
  makePod(options: PodOptions): Promise<TestPod>;
  /** Makes another namespace; it goes in the end. */
  makeNamespace(name: string): Promise<void>;
  /** Makes or changes a policy, and returns when every agent has it in force. */
  applyPolicy(spec: object, name?: string): Promise<void>;
  /** Has something done after the tests of this file, also when they fail: mending what it has broken. The last comes first. */
  onEnd(mend: () => unknown): void;
}

/** How to begin. */
export interface ScenarioOptions {
  /** In which the release of this scenario differs from that of the others. */
  readonly values?: Values;
}

/**
 * Begins a test file: makes the release what it is for every scenario, and a namespace `e2e-NAME`. When a test fails, the
 * state of the cluster is printed. In the end the policies, the namespace and all archives go, so that the next file finds the
 * cluster as this one has.
 */
export async function startScenario(name: string, { values }: ScenarioOptions = {}): Promise<Scenario> {
  const cluster = await openTestCluster(inject('cluster'));
  const namespace = `e2e-${name}`;
  /** A node whose agent was not reached yet, since it was installed just now, does not stand against `Enforced`. */
  let allReached = false;
  const mends: (() => unknown)[] = [];
  const onEnd = (mend: () => unknown) => void mends.push(mend);
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await diagnose(cluster, task.name);
  });
  afterAll(() => mendAll(mends));
  const makeNamespace = async (made: string) => {
    // A run that was killed may have left one, or the run before may be about to remove it.
    await cluster.kubectl(['delete', 'namespace', made, '--ignore-not-found']);
    await cluster.kubectl(['create', 'namespace', made]);
    onEnd(() => cluster.kubectl(['delete', 'namespace', made, '--wait=false', '--ignore-not-found']));
    await waitFor(`pods can be made in ${made}`, () =>
      cluster.get(`/api/v1/namespaces/${made}/serviceaccounts/default`),
    );
  };
  onEnd(() => cluster.close());
  try {
    await installRelease(cluster, values);
    await clear(cluster);
    await waitFor('no agent has a policy in force any more', () => cluster.nodes.every(obeysNoRule));
    onEnd(() => clear(cluster));
    await makeNamespace(namespace);
  } catch (error) {
    await diagnose(cluster, `${name}: ${error}`);
    throw error;
  }
  return {
    cluster,
    namespace,
    makePod: (options) => makeTestPod(cluster, namespace, options),
    makeNamespace,
    async applyPolicy(spec, policy = name) {
      await applyPolicy(cluster, policy, spec, allReached);
      allReached = true;
    },
    onEnd,
  };
}

/** The last first, and each of them, whether or not another fails. */
async function mendAll(mends: readonly (() => unknown)[]): Promise<void> {
  const troubles: unknown[] = [];
  for (const mend of mends.toReversed()) {
    try {
      await mend();
    } catch (error) {
      troubles.push(error);
    }
  }
  if (troubles.length > 0) throw new AggregateError(troubles, `not mended: ${troubles.join('; ')}`);
}

const POLICIES = '/apis/checkpoint-warden.dev/v1alpha1/checkpointretentionpolicies';

/** Removes all policies, and then all archives. */
async function clear(cluster: TestCluster): Promise<void> {
  await cluster.admin.send('DELETE', POLICIES);
  for (const node of cluster.nodes) {
    for (const name of node.archives()) rmSync(join(node.path(CHECKPOINT_DIR), name), { force: true });
  }
}

interface Policy {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly nodes?: { readonly desired: number; readonly current: number };
  };
}

async function applyPolicy(
  cluster: TestCluster,
  name: string,
  spec: object,
  allReached: boolean,
): Promise<void> {
  const object = {
    apiVersion: 'checkpoint-warden.dev/v1alpha1',
    kind: 'CheckpointRetentionPolicy',
    metadata: { name },
    spec,
  };
  await cluster.kubectl(['apply', '--filename=-'], JSON.stringify(object));
  await waitFor(`policy ${name} is in force on every node`, async () => {
    const { metadata, status } = (await cluster.get(`${POLICIES}/${name}`)) as Policy;
    const enforced = status?.conditions?.some(
      (condition) => condition.type === 'Enforced' && condition.status === 'True',
    );
    const everywhere = allReached || status?.nodes?.current === status?.nodes?.desired;
    return enforced && everywhere && status?.observedGeneration === metadata.generation;
  });
}
