import { describe, expect, it } from 'vitest';
import { createRetryBackoff } from './retry-backoff.ts';

const ARCHIVE = { rule: 'default/globalPolicy', reason: 'over-count', bytes: 7 } as const;

describe('createRetryBackoff', () => {
  it('waits twice as long after each failure, up to ten minutes', () => {
    const retries = createRetryBackoff();
    const waits: number[] = [];
    for (let nowMs = 0, attempt = 0; attempt < 12; attempt++) {
      retries.failed('a', ARCHIVE, nowMs);
      waits.push(retries.nextAttemptMs() - nowMs);
      expect(retries.mayTry('a', retries.nextAttemptMs() - 1)).toBe(false);
      nowMs = retries.nextAttemptMs();
      expect(retries.mayTry('a', nowMs)).toBe(true);
    }
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBe(600_000);
  });

  it('lets off what is gone or not to go any more', () => {
    const retries = createRetryBackoff();
    for (const name of ['a', 'b', 'c']) retries.failed(name, ARCHIVE, 0);
    retries.clear('a');
    retries.retain((name) => name === 'c');
    expect(retries.size).toBe(1);
    expect(retries.waiting()).toEqual([ARCHIVE]);
    retries.clear('c');
    expect(retries.nextAttemptMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
