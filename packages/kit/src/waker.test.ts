import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { createWaker } from './waker.ts';

const AN_HOUR_MS = 3_600_000;

describe('createWaker', () => {
  it('ends a wait under way', async () => {
    const waker = createWaker(systemClock);
    const waiting = waker.wait(AN_HOUR_MS, new AbortController().signal);
    waker.wake();
    await waiting;
  });

  it('does not lose a wake that comes before the wait', async () => {
    const waker = createWaker(systemClock);
    waker.wake();
    await waker.wait(AN_HOUR_MS, new AbortController().signal);
  });

  it('ends with the signal and leaves no listener on it', async () => {
    const waker = createWaker(systemClock);
    const stop = new AbortController();
    await waker.wait(0, stop.signal);
    await waker.wait(1, stop.signal);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
    const waiting = waker.wait(Number.POSITIVE_INFINITY, stop.signal);
    stop.abort();
    await waiting;
  });
});
