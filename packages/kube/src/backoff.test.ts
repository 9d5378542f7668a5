import { describe, expect, it } from 'vitest';
import { createBackoff } from './backoff.ts';

describe('createBackoff', () => {
  const delays = (backoff: { next(): number }, count: number) =>
    Array.from({ length: count }, () => backoff.next());

  it('doubles the bound with each failure, up to the longest delay', () => {
    const backoff = createBackoff({ minMs: 1_000, maxMs: 30_000, random: () => 0.999_999_9 });
    expect(delays(backoff, 7).map(Math.round)).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('never waits less than the shortest delay', () => {
    const backoff = createBackoff({ minMs: 1_000, maxMs: 30_000, random: () => 0 });
    expect(delays(backoff, 7)).toEqual(Array(7).fill(1_000));
  });

  it('begins anew after a reset', () => {
    const backoff = createBackoff({ minMs: 1_000, maxMs: 30_000, random: () => 0.5 });
    delays(backoff, 5);
    backoff.reset();
    expect(backoff.next()).toBe(1_500);
  });
});
