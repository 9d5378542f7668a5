import { manualClock } from '@checkpoint-warden/kit/testing';
import { KubeError } from '@checkpoint-warden/kube';
import { describe, expect, it } from 'vitest';
import { allSettled } from '../testing/all-settled.ts';
import { logLines } from '../testing/log-lines.ts';
import { createOrphanHold, HOLD_ORPHANS } from './orphan-hold.ts';

function rig(annotations: Record<string, string> = {}) {
  const clock = manualClock();
  const { log, lines } = logLines();
  const lease = { annotations, failing: false };
  const leadership = {
    get annotations() {
      return lease.annotations;
    },
    async annotate(key: string, value: string) {
      if (lease.failing)
        throw new KubeError({ verb: 'update', resource: 'leases', status: 500, reason: '', message: 'no' });
      lease.annotations = { ...lease.annotations, [key]: value };
    },
  };
  const hold = createOrphanHold(leadership, { clock, log });
  const stop = new AbortController();
  const ended = hold.run(stop.signal);
  const end = (): Promise<void> => {
    stop.abort();
    return ended;
  };
  return { clock, lines, lease, hold, stop: end };
}

describe('the hold on orphans', () => {
  it('is there as long as the annotation is', async () => {
    const { hold, lease, stop } = rig({ [HOLD_ORPHANS]: 'restore at noon' });
    expect(hold.why()).toContain('restore at noon');
    lease.annotations = {};
    expect(hold.why()).toBeUndefined();
    await stop();
  });

  it('holds at once, before it is written, and writes it without waiting', async () => {
    const { hold, lease, stop } = rig();
    await allSettled();
    hold.hold('the API server went back');
    expect(hold.why()).toContain('the API server went back');
    await allSettled();
    expect(lease.annotations[HOLD_ORPHANS]).toBe('the API server went back');
    await stop();
  });

  it('stays while it cannot be written, tries again, and ends when the administrator takes it away', async () => {
    const { clock, hold, lease, lines, stop } = rig();
    lease.failing = true;
    hold.hold('went back');
    await allSettled();
    expect(hold.why()).toContain('went back');
    lease.failing = false;
    clock.advance(5_000);
    await allSettled();
    expect(lease.annotations[HOLD_ORPHANS]).toBe('went back');
    lease.annotations = {};
    clock.advance(5_000);
    await allSettled();
    expect(hold.why()).toBeUndefined();
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
    await stop();
  });

  it('keeps the words that an administrator has written', async () => {
    const { hold, lease, stop } = rig({ [HOLD_ORPHANS]: 'mine' });
    hold.hold('ours');
    await allSettled();
    expect(lease.annotations[HOLD_ORPHANS]).toBe('mine');
    await stop();
  });
});
