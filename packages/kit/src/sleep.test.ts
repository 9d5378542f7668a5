import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { sleep } from './sleep.ts';

const AN_HOUR_MS = 3_600_000;

describe('sleep', () => {
  it('resolves when the signal is aborted while it waits', async () => {
    const stop = new AbortController();
    const waiting = sleep(AN_HOUR_MS, stop.signal);
    stop.abort();
    await expect(waiting).resolves.toBeUndefined();
  });

  it('resolves at once when the signal was aborted before', async () => {
    await expect(sleep(AN_HOUR_MS, AbortSignal.abort())).resolves.toBeUndefined();
  });

  it('takes a moment that has passed for now, and Node.js does not warn of it', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error) => warnings.push(name);
    process.on('warning', note);
    await sleep(-500);
    await new Promise(setImmediate); // warnings are told on a later tick
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('leaves no listener on a signal that outlives it', async () => {
    const { signal } = new AbortController();
    for (let round = 0; round < 20; round += 1) await sleep(0, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
