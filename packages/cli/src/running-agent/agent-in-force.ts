import { checkOf, type State, StateSchema, type WirePolicyInForce } from '@checkpoint-warden/api';
import type { AgentSocketClient } from './agent-socket-client.ts';

/** Whose verdict something is: that of a running agent, under the policy that it has in force. */
export interface AgentInForce {
  readonly node: string;
  readonly policy: WirePolicyInForce;
}

const stateProblems = checkOf(StateSchema);

/** Policies change seldom: a second time is one too many by chance. */
const ATTEMPTS = 3;

/**
 * Asks an agent something, and which policy it has in force for it: should another one come in between, it is asked again.
 */
export async function askUnderOnePolicy<T>(
  agent: AgentSocketClient,
  ask: () => Promise<T>,
): Promise<{ readonly answer: T; readonly by: AgentInForce }> {
  for (let attempt = 1, before = await inForce(agent); ; attempt += 1) {
    const answer = await ask();
    const by = await inForce(agent);
    if (by.policy.hash === before.policy.hash || attempt === ATTEMPTS) return { answer, by };
    before = by;
  }
}

async function inForce(agent: AgentSocketClient): Promise<AgentInForce> {
  const { node, policy } = await agent<State>('/v1/state', stateProblems);
  return { node, policy };
}

/** For people: `the agent that runs on node2, under the controller’s policy, revision 5`. */
export function describeAgent({ node, policy: { source, revision } }: AgentInForce): string {
  const under = {
    none: 'without a policy, so that nothing is deleted',
    file: `under its policy file, revision ${revision} since its start`,
    controller: `under the controller’s policy, revision ${revision}`,
  } as const satisfies Record<WirePolicyInForce['source'], string>;
  return `the agent that runs on ${node}, ${under[source]}`;
}
