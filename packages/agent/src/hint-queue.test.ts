import { describe, expect, it } from 'vitest';
import { createHintQueue } from './hint-queue.ts';

describe('createHintQueue', () => {
  it('holds a name once, as of its first hint', () => {
    const queue = createHintQueue();
    queue.add('a', 1);
    queue.add('a', 2);
    expect([...queue.take(3)]).toEqual(['a']);
    expect(queue.noticedMs(new Set(['a']))).toBe(1);
    expect(queue.take(4).size).toBe(0);
  });

  it('keeps a name that rests for a tenth of the time that it has been written for', () => {
    const queue = createHintQueue();
    queue.add('a', 100);
    queue.take(109);
    queue.rest('a', { startedMs: 109, endedMs: 110 });
    queue.add('a', 110);
    expect(queue.take(110.5).size).toBe(0);
    expect(queue.nextMs()).toBe(111);
    expect([...queue.take(111)]).toEqual(['a']);
    expect(queue.nextMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('lets a name rest for no longer than ten looks take', () => {
    const queue = createHintQueue();
    queue.add('a', 0);
    queue.take(0);
    for (const startedMs of [0, 10_000]) queue.rest('a', { startedMs, endedMs: startedMs + 2 });
    queue.add('a', 10_003);
    expect(queue.nextMs()).toBe(10_022);
  });

  it('forgets how long a name was written for once it has settled', () => {
    const queue = createHintQueue();
    queue.add('a', 0);
    queue.take(0);
    queue.rest('a', { startedMs: 1_000, endedMs: 1_001 });
    queue.settle('a');
    queue.add('a', 2_000);
    expect(queue.nextMs()).toBe(0);
    queue.take(2_000);
    queue.rest('a', { startedMs: 2_000, endedMs: 2_001 });
    queue.add('a', 2_001);
    expect(queue.nextMs()).toBeCloseTo(2_001.1);
  });
});
