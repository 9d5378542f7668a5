import { takeSample } from './archive-sample.ts';
import type { Scenario } from './start-scenario.ts';
import { waitFor } from './wait-for.ts';

/** Tells when an agent has done what there was to do, so that a test can see what has *not* been deleted. */
export interface Witness {
  /** An entry of `containerPolicies`, which must be in force on the node. */
  readonly rule: object;
  /** Returns when the agent has acted on all that had arrived, and on the policy that was in force. */
  pass(): Promise<void>;
}

/**
 * Makes a witness of a node: a container with a rule of its own, by which each of its archives deletes the one before. An agent
 * makes one pass at a time, and takes up all that has arrived before; once the witness's archive has gone twice, the pass that
 * was to delete the others is over.
 */
export async function makeWitness(scenario: Scenario, node = 'node1'): Promise<Witness> {
  const { cluster, namespace } = scenario;
  const pod = await scenario.makePod({ name: `witness-${node}`, node });
  const sample = await takeSample(cluster, pod);
  let age = 500_000; // minutes: nearly a year, and each pass one younger
  return {
    rule: { namespace, pod: pod.name, container: 'app', maxCheckpoints: 1 },
    async pass() {
      sample.lay(age);
      for (let round = 0; round < 2; round += 1) {
        age -= 1;
        sample.lay(age);
        await waitFor(`the agent of ${node} makes a pass`, () => sample.left().join() === String(age));
      }
      sample.clear();
    },
  };
}
