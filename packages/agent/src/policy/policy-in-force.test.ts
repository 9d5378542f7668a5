import { describe, expect, it } from 'vitest';
import { compareEpochs } from './policy-in-force.ts';

const epoch = (leaseCreatedMs: number, leaseTransitions: number) => ({ leaseCreatedMs, leaseTransitions });

describe('compareEpochs', () => {
  it.each([
    [
      'a Lease made anew by a reinstall is later, though it has changed hands less often',
      epoch(2, 0),
      epoch(1, 9),
    ],
    ['of one Lease the holder that came later is', epoch(1, 3), epoch(1, 2)],
  ])('%s', (_, later, earlier) => {
    expect(compareEpochs(later, earlier)).toBeGreaterThan(0);
    expect(compareEpochs(earlier, later)).toBeLessThan(0);
  });

  it('one epoch is not later than itself', () => {
    expect(compareEpochs(epoch(1, 2), epoch(1, 2))).toBe(0);
  });
});
