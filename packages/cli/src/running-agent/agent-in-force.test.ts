import { expect, it } from 'vitest';
import { askUnderOnePolicy } from './agent-in-force.ts';
import type { AgentSocketClient } from './agent-socket-client.ts';

/** An agent whose policy is another one each time that its state is asked for, as long as there are more. */
function agentUnder(...hashes: string[]): AgentSocketClient {
  return async <T>() => {
    const hash = hashes.length > 1 ? hashes.shift() : hashes[0];
    return { node: 'node-1', policy: { source: 'controller', revision: 1, hash } } as T;
  };
}

it.each([
  ['once while the policy stays', ['a'], 1, 'a'],
  ['again when another policy came in between', ['a', 'b'], 2, 'b'],
  ['three times at most', ['a', 'b', 'c', 'd', 'e'], 3, 'd'],
])('asks %s, and names the policy in force then', async (_, hashes, times, last) => {
  let asked = 0;
  const { answer, by } = await askUnderOnePolicy(agentUnder(...hashes), async () => {
    asked += 1;
    return asked;
  });
  expect({ answer, hash: by.policy.hash }).toEqual({ answer: times, hash: last });
});
