/** Names that something may have happened to, waiting to be looked at. See {@link createHintQueue}. */
export interface HintQueue {
  add(name: string, monotonicMs: number): void;
  /**
   * Lets a name rest that was found to be still written: a look at every write would cost too much.
   *
   * @param look - when the look at it began and ended, monotonic ms
   */
  rest(name: string, look: { readonly startedMs: number; readonly endedMs: number }): void;
  /** It is not being written any more. */
  settle(name: string): void;
  /** Takes all that may be looked at now. */
  take(monotonicMs: number): ReadonlySet<string>;
  /** When the next name may be looked at: monotonic ms, Infinity when there is none. */
  nextMs(): number;
  /** When the earliest of the names taken last was noticed, monotonic ms. */
  noticedMs(names: ReadonlySet<string>): number | undefined;
}

/**
 * A rest is as long as this share of the time that the archive has been written for, so that a small one is seen complete
 * at once …
 */
const REST_SHARE = 0.1;
/** … and at most this many times as long as the last look took, so that a large one is seen soon and costs little. */
const MAX_REST_LOOKS = 10;

/** Makes a queue in which a name stands once, however often it is hinted at. */
export function createHintQueue(): HintQueue {
  const waiting = new Map<string, number>();
  const resting = new Map<string, { readonly sinceMs: number; readonly untilMs: number }>();
  let taken = new Map<string, number>();
  return {
    add(name, monotonicMs) {
      if (!waiting.has(name)) waiting.set(name, monotonicMs);
    },
    rest(name, { startedMs, endedMs }) {
      const sinceMs = resting.get(name)?.sinceMs ?? taken.get(name) ?? startedMs;
      const restMs = Math.min((endedMs - sinceMs) * REST_SHARE, (endedMs - startedMs) * MAX_REST_LOOKS);
      resting.set(name, { sinceMs, untilMs: endedMs + restMs });
    },
    settle: (name) => void resting.delete(name),
    take(monotonicMs) {
      taken = new Map();
      for (const [name, sinceMs] of waiting) {
        if ((resting.get(name)?.untilMs ?? 0) > monotonicMs) continue;
        waiting.delete(name);
        taken.set(name, sinceMs);
      }
      return new Set(taken.keys());
    },
    nextMs() {
      let earliest = Number.POSITIVE_INFINITY;
      for (const name of waiting.keys()) earliest = Math.min(earliest, resting.get(name)?.untilMs ?? 0);
      return earliest;
    },
    noticedMs(names) {
      let earliest: number | undefined;
      for (const [name, sinceMs] of taken) {
        if (names.has(name)) earliest = Math.min(earliest ?? sinceMs, sinceMs);
      }
      return earliest;
    },
  };
}
