/** Where time comes from, so that tests and simulations can give their own. */
export interface Clock {
  /** Wall time: Unix milliseconds. May jump. */
  nowMs(): number;
  /** Milliseconds since some fixed moment. Never goes back; the only time to measure a span with. */
  monotonicMs(): number;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
