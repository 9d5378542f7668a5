import type { Clock } from './clock.ts';

/** Waits that somebody can end early. See {@link createWaker}. */
export interface Waker {
  /** Ends the wait under way, or the next one before it begins. */
  wake(): void;
  /** Resolves after `ms`, at the next `wake`, or when `signal` is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** Without a reason of its own, every `abort` makes an error with a stack, for each of the many events of a file being written. */
const WOKEN = 'woken';

/** Makes a waker: a `wake` that comes while nobody waits is not lost. */
export function createWaker(clock: Pick<Clock, 'sleep'>): Waker {
  let early = new AbortController();
  return {
    wake: () => early.abort(WOKEN),
    async wait(ms, signal) {
      const wake = () => early.abort(WOKEN);
      signal.addEventListener('abort', wake, { once: true });
      if (!signal.aborted && ms > 0) await clock.sleep(ms, early.signal);
      signal.removeEventListener('abort', wake);
      early = new AbortController();
    },
  };
}
