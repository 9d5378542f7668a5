import { describe, expect, it } from 'vitest';
import { createStateCheck } from './state-check.ts';

function rig() {
  const renewals: ((isOurs: boolean) => void)[] = [];
  const check = createStateCheck({
    confirm: () => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      renewals.push(resolve);
      return promise;
    },
  });
  return { check, renewals };
}

describe('the check of the API server’s state', () => {
  it('has nothing against it while the Lease can be renewed', async () => {
    const { check, renewals } = rig();
    const answer = check();
    renewals[0]?.(true);
    expect(await answer).toBeUndefined();
  });

  it('does not believe what was answered when it cannot', async () => {
    const { check, renewals } = rig();
    const answer = check();
    renewals[0]?.(false);
    expect(await answer).toMatch(/^the Lease was not found as it was left/);
  });

  it('renews anew for who asks during a renewal, and once for all of them', async () => {
    const { check, renewals } = rig();
    const first = check();
    const others = [check(), check(), check()];
    renewals[0]?.(true);
    expect(await first).toBeUndefined();
    await Promise.resolve();
    expect(renewals).toHaveLength(2);
    renewals[1]?.(false);
    for (const answer of others) expect(await answer).toMatch(/^the Lease/);
  });
});
