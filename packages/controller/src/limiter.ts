import type { Clock } from '@checkpoint-warden/kit';

/** Lets only so many tasks run at once; the others wait their turn, in order. */
export interface Limiter {
  /**
   * Runs `task` when there is room. Rejects with the signal's reason when it is aborted while waiting.
   *
   * @param urgent - goes before all that are not
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal, urgent?: boolean): Promise<T>;
}

/** How long a task keeps others waiting. */
export interface Patience {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly ms: number;
}

/**
 * @param patience - a task that takes longer goes on, and does not count any more: so tasks that end by their time limit alone
 * cannot keep all others waiting for it. How many run at once is then bounded by that limit as well: `maxConcurrent` for each
 * `patience.ms` of it
 */
export function createLimiter(maxConcurrent: number, patience?: Patience): Limiter {
  let running = 0;
  const urgentOnes = new Set<() => void>();
  const others = new Set<() => void>();

  const enter = (signal: AbortSignal, waiting: Set<() => void>): Promise<void> => {
    signal.throwIfAborted();
    if (running < maxConcurrent) {
      running += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const admit = () => {
        waiting.delete(admit);
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        waiting.delete(admit);
        reject(signal.reason);
      };
      waiting.add(admit);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  };

  /** Whoever waits longest takes the place over. */
  const leave = (): void => {
    const [next] = urgentOnes.size > 0 ? urgentOnes : others;
    if (next === undefined) running -= 1;
    else next();
  };

  return {
    async run(task, signal, urgent = false) {
      await enter(signal, urgent ? urgentOnes : others);
      const ended = new AbortController();
      let isCounted = true;
      const uncount = () => {
        if (isCounted) leave();
        isCounted = false;
      };
      if (patience !== undefined) void patience.clock.sleep(patience.ms, ended.signal).then(uncount);
      try {
        return await task();
      } finally {
        uncount();
        ended.abort(ENDED);
      }
    },
  };
}

/** Without a reason of its own, every `abort` makes an error with a stack. */
const ENDED = 'ended';
