import type { LeaseEpoch } from '@checkpoint-warden/kube';
import { describe, expect, it } from 'vitest';
import { logLines } from '../testing/log-lines.ts';
import { EPOCH } from '../testing/make-state.ts';
import { createOutrank } from './outrank.ts';

function rig() {
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
  const outrank = createOutrank({ leadership, log: logLines().log, onRaised: (above) => raised.push(above) });
  return { leadership, outrank, raised };
}

const above = (transitions: number): LeaseEpoch => ({ ...EPOCH, leaseTransitions: transitions });

describe('outranking a leader that an agent has obeyed', () => {
  it('raises the epoch above it, once for all agents that have', async () => {
    const { leadership, outrank, raised } = rig();
    await Promise.all([outrank(above(7)), outrank(above(7)), outrank(above(5))]);
    expect(leadership.epoch.leaseTransitions).toBe(8);
    expect(raised).toEqual([above(7)]);
  });

  it('raises it above its own where somebody else has led under that', async () => {
    const { leadership, outrank } = rig();
    await outrank(EPOCH);
    expect(leadership.epoch.leaseTransitions).toBe(EPOCH.leaseTransitions + 1);
  });

  it('does not believe a jump that no Lease makes', async () => {
    const { outrank, raised } = rig();
    await expect(outrank(above(2 ** 50))).rejects.toMatchObject({ code: 'CW_ERR_AGENT_ANSWER' });
    expect(raised).toEqual([]);
  });

  it('tells who asked that it failed, and goes on with the next', async () => {
    const { leadership, outrank } = rig();
    leadership.failing = true;
    await expect(outrank(above(7))).rejects.toThrow('the Lease is lost');
    leadership.failing = false;
    await outrank(above(7));
    expect(leadership.epoch.leaseTransitions).toBe(8);
  });
});
