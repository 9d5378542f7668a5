export interface BackoffOptions {
  /** The shortest delay. */
  readonly minMs: number;
  /** The longest delay. */
  readonly maxMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** How long to wait after each failure in a row. See {@link createBackoff}. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** The next failure is the first again. */
  reset(): void;
}

/**
 * Delays that are random between `minMs` and a bound that doubles with each failure up to `maxMs`, so that many who lost the
 * same server do not come back to it at once.
 */
export function createBackoff({ minMs, maxMs, random }: BackoffOptions): Backoff {
  let boundMs = minMs;
  return {
    next() {
      boundMs = Math.min(maxMs, boundMs * 2);
      return minMs + random() * (boundMs - minMs);
    },
    reset() {
      boundMs = minMs;
    },
  };
}
