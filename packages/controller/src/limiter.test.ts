import { manualClock } from '@checkpoint-warden/kit/testing';
import { describe, expect, it } from 'vitest';
import { createLimiter, type Patience } from './limiter.ts';
import { allSettled } from './testing/all-settled.ts';

const never = new AbortController().signal;

function rig(max: number, patience?: Patience) {
  const limiter = createLimiter(max, patience);
  const began: string[] = [];
  const ends = new Map<string, (failure?: Error) => void>();
  const start = (name: string, signal: AbortSignal = never, urgent = false) =>
    limiter.run(
      () => {
        began.push(name);
        return new Promise<string>((resolve, reject) => {
          ends.set(name, (failure) => (failure === undefined ? resolve(name) : reject(failure)));
        });
      },
      signal,
      urgent,
    );
  return { began, start, end: (name: string, failure?: Error) => ends.get(name)?.(failure) };
}

describe('a limiter', () => {
  it('lets only so many run, and the others in the order that they came in', async () => {
    const { began, start, end } = rig(2);
    const all = ['a', 'b', 'c', 'd'].map((name) => start(name));
    await allSettled();
    expect(began).toEqual(['a', 'b']);
    end('b');
    await allSettled();
    expect(began).toEqual(['a', 'b', 'c']);
    for (const name of ['a', 'c']) end(name);
    await allSettled();
    end('d');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives the place on when a task fails', async () => {
    const { began, start, end } = rig(1);
    const failing = start('a');
    start('b');
    await allSettled();
    end('a', new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    expect(began).toEqual(['a', 'b']);
  });

  it('lets who waits give up, without giving its place away', async () => {
    const { began, start, end } = rig(1);
    start('a');
    const stop = new AbortController();
    const waiting = start('b', stop.signal);
    start('c');
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await allSettled();
    end('a');
    await allSettled();
    expect(began).toEqual(['a', 'c']);
  });

  it('does not begin what is stopped already', async () => {
    const { began, start } = rig(1);
    await expect(start('a', AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(began).toEqual([]);
  });

  it('has nobody wait longer than its patience for a task that does not end, which gives no second place away', async () => {
    const clock = manualClock();
    const { began, start, end } = rig(1, { clock, ms: 500 });
    for (const name of ['a', 'b', 'c']) start(name);
    await allSettled();
    clock.advance(499);
    await allSettled();
    expect(began).toEqual(['a']);
    clock.advance(1);
    await allSettled();
    expect(began).toEqual(['a', 'b']);
    end('a');
    await allSettled();
    expect(began).toEqual(['a', 'b']);
    end('b');
    await allSettled();
    expect(began).toEqual(['a', 'b', 'c']);
    end('c');
    await allSettled();
    expect(clock.sleepers).toBe(0);
  });

  it('lets what is urgent go before all that waits, in its own order', async () => {
    const { began, start, end } = rig(1);
    for (const name of ['a', 'b']) start(name);
    for (const name of ['c', 'd']) start(name, never, true);
    for (const name of ['a', 'c', 'd', 'b']) {
      await allSettled();
      end(name);
    }
    expect(began).toEqual(['a', 'c', 'd', 'b']);
  });
});
