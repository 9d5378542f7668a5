import { describe, expect, it } from 'vitest';
import { backoffMs, jittered } from './backoff.ts';

describe('backoffMs', () => {
  it('doubles from the first pause up to the longest, and never overflows', () => {
    const pauses = [1, 2, 3, 4, 5, 1_000].map((attempts) => backoffMs({ firstMs: 10, maxMs: 70 }, attempts));
    expect(pauses).toEqual([10, 20, 40, 70, 70, 70]);
  });
});

describe('jittered', () => {
  it('stays within a fifth', () => {
    expect(jittered(100, () => 0)).toBe(80);
    expect(jittered(100, () => 0.999)).toBeLessThan(120);
  });
});
