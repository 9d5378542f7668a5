import type { Component } from '@checkpoint-warden/kit';
import { describe, expect, it } from 'vitest';
import { runTogether } from './run-together.ts';

function untilStopped(onStopped: () => void = () => {}): Component {
  return {
    run: (signal) =>
      new Promise((resolve) => {
        const stopped = () => {
          onStopped();
          resolve();
        };
        if (signal.aborted) stopped();
        else signal.addEventListener('abort', stopped, { once: true });
      }),
  };
}

describe('runTogether', () => {
  it('ends when all have drained after the signal', async () => {
    const stopped: string[] = [];
    const stop = new AbortController();
    const running = runTogether(
      [untilStopped(() => stopped.push('a')), untilStopped(() => stopped.push('b'))],
      stop.signal,
    );
    stop.abort();
    await running;
    expect(stopped).toEqual(['a', 'b']);
  });

  it('stops the others when one ends, and tells the failure that came first, not the first in the list', async () => {
    const stopped: string[] = [];
    const cause: Component = { run: () => Promise.reject(new Error('the cause')) };
    const follows: Component = {
      async run(signal) {
        await untilStopped(() => stopped.push('b')).run(signal);
        throw new Error('a consequence');
      },
    };
    await expect(runTogether([follows, cause], new AbortController().signal)).rejects.toThrow('the cause');
    expect(stopped).toEqual(['b']);
  });
});
