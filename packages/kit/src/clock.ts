import { sleep } from './sleep.ts';

/** Where time comes from, so that tests and simulations can give their own. */
export interface Clock {
  /** Wall time: Unix milliseconds. May jump. */
  nowMs(): number;
  /** Milliseconds since some fixed moment. Never goes back; the only time to measure a span with. */
  monotonicMs(): number;
  /** Waits so many monotonic milliseconds. Resolves, never rejects, when `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep,
};
