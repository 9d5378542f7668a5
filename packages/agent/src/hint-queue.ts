/** Names that something may have happened to, waiting to be looked at. See {@link createHintQueue}. */
export interface HintQueue {
  add(name: string, monotonicMs: number): void;
  /** Not to be looked at before `untilMs`: it is still being written, and a look at every write would cost too much. */
  rest(name: string, untilMs: number): void;
  /** Takes all that may be looked at now. */
  take(monotonicMs: number): ReadonlySet<string>;
  /** When the next name may be looked at: monotonic ms, Infinity when there is none. */
  nextMs(): number;
  /** When the earliest of the names taken last was noticed, monotonic ms. */
  noticedMs(names: ReadonlySet<string>): number | undefined;
}

/** Makes a queue in which a name stands once, however often it is hinted at. */
export function createHintQueue(): HintQueue {
  const waiting = new Map<string, number>();
  const resting = new Map<string, number>();
  let taken = new Map<string, number>();
  return {
    add(name, monotonicMs) {
      if (!waiting.has(name)) waiting.set(name, monotonicMs);
    },
    rest: (name, untilMs) => void resting.set(name, untilMs),
    take(monotonicMs) {
      taken = new Map();
      for (const [name, untilMs] of resting) if (untilMs <= monotonicMs) resting.delete(name);
      for (const [name, sinceMs] of waiting) {
        if (resting.has(name)) continue;
        waiting.delete(name);
        taken.set(name, sinceMs);
      }
      return new Set(taken.keys());
    },
    nextMs() {
      let earliest = Number.POSITIVE_INFINITY;
      for (const name of waiting.keys()) earliest = Math.min(earliest, resting.get(name) ?? 0);
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
