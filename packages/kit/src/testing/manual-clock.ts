import type { Clock } from '../clock.ts';

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Lets time pass: both clocks go on by `ms`. */
  advance(ms: number): void;
  /** Steps the wall clock alone, as NTP or an administrator does. */
  setWall(unixMs: number): void;
}

/** @param startMs - Unix ms that the wall clock starts at */
export function manualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = startMs;
  let monotonic = 0;
  return {
    nowMs: () => wall,
    monotonicMs: () => monotonic,
    advance(ms) {
      wall += ms;
      monotonic += ms;
    },
    setWall(unixMs) {
      wall = unixMs;
    },
  };
}
