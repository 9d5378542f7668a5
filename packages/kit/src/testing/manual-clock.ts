import type { Clock } from '../clock.ts';

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Lets time pass: both clocks go on by `ms`, and who has slept long enough wakes. */
  advance(ms: number): void;
  /** Steps the wall clock alone, as NTP or an administrator does. */
  setWall(unixMs: number): void;
  /** How many are asleep. */
  readonly sleepers: number;
}

/** @param startMs - Unix ms that the wall clock starts at */
export function manualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = startMs;
  let monotonic = 0;
  const sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  return {
    nowMs: () => wall,
    monotonicMs: () => monotonic,
    get sleepers() {
      return sleepers.size;
    },
    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (signal.aborted || ms <= 0) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { untilMs: monotonic + ms, wake };
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake, { once: true });
      });
    },
    advance(ms) {
      wall += ms;
      monotonic += ms;
      for (const { untilMs, wake } of sleepers) if (untilMs <= monotonic) wake();
    },
    setWall(unixMs) {
      wall = unixMs;
    },
  };
}
