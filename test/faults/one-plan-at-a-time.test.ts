import { policyOf, type RunningAgent, until } from '@checkpoint-warden/agent/testing';
import { describe, expect, it } from 'vitest';
import { settled, useTestAgent } from './test-agent.ts';

const TINY = { namespace: 'shop', pod: 'web-0', container: 'app', pagesBytes: 0 };
const at = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second));
/** Deletions are carried out in batches of this many; between them other work gets its turn. */
const BATCH = 128;
const ALL = 2 * BATCH + 10;
const test = useTestAgent();

/**
 * Lets a plan of three batches begin and does something to the agent while the first is carried out.
 *
 * @returns how many plans were given up before their end; the deletions are all done in the end
 */
async function plansGivenUp(change: (agent: RunningAgent) => void): Promise<number> {
  for (let second = 0; second < ALL; second++) test.sandbox.write(TINY, at(second));
  const agent = await test.start({ policy: policyOf(`globalPolicy: {maxCheckpointsPerContainer: ${ALL}}`) });
  await settled(agent);
  const append = agent.audit.append.bind(agent.audit);
  let hasBegun = false;
  Object.assign(agent.audit, {
    append(intents: Parameters<typeof append>[0]) {
      if (!hasBegun) queueMicrotask(() => change(agent));
      hasBegun = true;
      return append(intents);
    },
  });
  agent.enforce(policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 1}'));
  await until('one is left', () => test.sandbox.list().length === 1);
  return agent.lines.filter(({ msg }) => msg === 'deletions put off to the next pass').length;
}

describe('a plan that has become old in the middle of it is thrown away for another', () => {
  it('when nothing changes it is carried out to its end', async () => {
    expect(await plansGivenUp(() => {})).toBe(0);
  });

  it('when the inventory changes', async () => {
    const newest = () => test.sandbox.list().at(-1) ?? '';
    expect(await plansGivenUp((agent) => agent.inventory.forget(newest()))).toBe(1);
  });

  it('when other owners are confirmed gone', async () => {
    expect(await plansGivenUp((agent) => agent.owners.replace([], 0))).toBe(1);
  });
});

describe('one agent', () => {
  it('runs once: two loops would be two passes at a time', async () => {
    const agent = await test.start();
    const other = new AbortController();
    const second = agent.agent.run(other.signal);
    other.abort(); // where it is not refused, it ends by itself
    await expect(second).rejects.toThrowError(expect.objectContaining({ code: 'CW_ERR_INTERNAL' }));
  });
});
