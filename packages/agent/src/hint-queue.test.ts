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

  it('keeps a name that rests until its time', () => {
    const queue = createHintQueue();
    queue.rest('a', 10);
    queue.add('a', 1);
    expect(queue.take(5).size).toBe(0);
    expect(queue.nextMs()).toBe(10);
    expect([...queue.take(10)]).toEqual(['a']);
    expect(queue.nextMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
