import { takeSample } from '../harness/archive-sample.ts';
import type { Scenario } from '../harness/start-scenario.ts';
import { makeTestPod } from '../harness/test-pod.ts';
import { waitFor } from '../harness/wait-for.ts';

/** Tells when agents have been told of each other's archives, so that a test can see what has *not* been deleted for them. */
export interface ToldWitness {
  /** An entry of `namespacePolicies`, which must be in force. */
  readonly rule: object;
  /** Returns when each agent was told of all that had arrived, and has acted on it. */
  told(): Promise<void>;
}

/**
 * Makes a namespace that spans all nodes and may have one archive: each one on a node deletes that of another node, which takes
 * that this one was told. What agents are told of is all groups at once.
 */
export async function makeToldWitness(scenario: Scenario): Promise<ToldWitness> {
  const { cluster } = scenario;
  const namespace = `${scenario.namespace}-told`;
  await scenario.makeNamespace(namespace);
  const samples = await Promise.all(
    cluster.nodes.map(async ({ name: node }) =>
      takeSample(cluster, await makeTestPod(cluster, namespace, { name: `told-${node}`, node })),
    ),
  );
  let age = 500_000; // minutes: nearly a year, and each archive one younger
  return {
    rule: { namespace, maxCheckpoints: 1 },
    async told() {
      // Twice: the first may have been told in the same message as what it is to follow.
      for (let round = 0; round < 2; round += 1) {
        for (const sample of samples) {
          age -= 1;
          sample.lay(age);
          await waitFor('only the newest of all nodes is left', () => {
            return samples.every((each) => each.left().join() === (each === sample ? String(age) : ''));
          });
        }
      }
      for (const sample of samples) sample.clear();
    },
  };
}
