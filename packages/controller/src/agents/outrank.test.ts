import { manualClock } from '@checkpoint-warden/kit/testing';
import type { LeaseEpoch } from '@checkpoint-warden/kube';
import { describe, expect, it } from 'vitest';
import { logLines } from '../testing/log-lines.ts';
import { EPOCH } from '../testing/make-state.ts';
import { createOutrank } from './outrank.ts';

function rig() {
  const clock = manualClock();
  const raised: LeaseEpoch[] = [];
  const leadership = {
    epoch: EPOCH,
    failing: false,
    async raiseEpoch(above: LeaseEpoch) {
      await Promise.resolve();
      if (this.failing) throw new Error('the Lease is lost');
      this.epoch = { ...above, leaseTransitions: above.leaseTransitions + 1 };
      return this.epoch;
    },
  };
  const outrank = createOutrank({
    leadership,
    clock,
    log: logLines().log,
    onRaised: (above) => raised.push(above),
  });
  return { clock, leadership, outrank, raised };
}

const above = (transitions: number): LeaseEpoch => ({ ...EPOCH, leaseTransitions: transitions });

describe('outranking a leader that an agent has obeyed', () => {
  it('raises the epoch above it, once for all agents that have', async () => {
    const { leadership, outrank, raised } = rig();
    await Promise.all([outrank('a', above(7)), outrank('b', above(7)), outrank('c', above(5))]);
    expect(leadership.epoch.leaseTransitions).toBe(8);
    expect(raised).toEqual([above(7)]);
  });

  it('raises it above its own where somebody else has led under that', async () => {
    const { leadership, outrank } = rig();
    await outrank('a', EPOCH);
    expect(leadership.epoch.leaseTransitions).toBe(EPOCH.leaseTransitions + 1);
  });

  it('does not believe a jump that no Lease makes', async () => {
    const { outrank, raised } = rig();
    await expect(outrank('a', above(2 ** 50))).rejects.toMatchObject({ code: 'CW_ERR_AGENT_ANSWER' });
    expect(raised).toEqual([]);
  });

  it('tells who asked that it failed, and goes on with the next', async () => {
    const { leadership, outrank } = rig();
    leadership.failing = true;
    await expect(outrank('a', above(7))).rejects.toThrow('the Lease is lost');
    leadership.failing = false;
    await outrank('a', above(7));
    expect(leadership.epoch.leaseTransitions).toBe(8);
  });

  it('does not believe an agent that says so again soon, however often, and does minutes later', async () => {
    const { clock, outrank, raised } = rig();
    const next = () => above((raised.at(-1)?.leaseTransitions ?? 0) + 9_000);
    await outrank('liar', next());
    for (let second = 0; second < 3_600; second++) {
      await outrank('liar', next()).catch((error) => expect(error.code).toBe('CW_ERR_AGENT_ANSWER'));
      clock.advance(1_000);
    }
    expect(raised).toHaveLength(12);
  });

  it('is not done for one agent after the other without a pause, and tells who comes too soon so', async () => {
    const { clock, leadership, outrank, raised } = rig();
    await outrank('a', above(7));
    await expect(outrank('b', above(20))).rejects.toMatchObject({ code: 'CW_ERR_STALE_REVISION' });
    await outrank('c', above(7));
    expect(leadership.epoch.leaseTransitions).toBe(8);
    clock.advance(30_000);
    await outrank('b', above(20));
    expect(raised).toEqual([above(7), above(20)]);
  });
});
