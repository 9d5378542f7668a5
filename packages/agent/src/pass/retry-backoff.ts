import type { RuledArchive } from '../policy/policy-sums.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 10 * 60_000;

/** When archives that could not be deleted are tried again (safety rule 10). See {@link createRetryBackoff}. */
export interface RetryBackoff {
  /** Archives that are waiting for their next attempt or to be let off. */
  readonly size: number;
  waiting(): readonly RuledArchive[];
  mayTry(name: string, monotonicMs: number): boolean;
  failed(name: string, archive: RuledArchive, monotonicMs: number): void;
  /** The archive is gone. */
  clear(name: string): void;
  /** Lets off all archives that are not to go any more. */
  retain(isPlanned: (name: string) => boolean): void;
  /** Monotonic ms of the earliest next attempt; Infinity when there is none. */
  nextAttemptMs(): number;
}

/** Waits 1 s after the first failure of an archive and twice as long after each further one, up to ten minutes. */
export function createRetryBackoff(): RetryBackoff {
  const waiting = new Map<string, { archive: RuledArchive; waitMs: number; nextMs: number }>();
  return {
    get size() {
      return waiting.size;
    },
    waiting: () => Array.from(waiting.values(), ({ archive }) => archive),
    mayTry: (name, monotonicMs) => (waiting.get(name)?.nextMs ?? 0) <= monotonicMs,
    failed(name, archive, monotonicMs) {
      const before = waiting.get(name);
      const waitMs = before === undefined ? FIRST_MS : Math.min(before.waitMs * 2, LONGEST_MS);
      waiting.set(name, { archive, waitMs, nextMs: monotonicMs + waitMs });
    },
    clear: (name) => void waiting.delete(name),
    retain(isPlanned) {
      for (const name of waiting.keys()) if (!isPlanned(name)) waiting.delete(name);
    },
    nextAttemptMs() {
      let earliest = Number.POSITIVE_INFINITY;
      for (const { nextMs } of waiting.values()) earliest = Math.min(earliest, nextMs);
      return earliest;
    },
  };
}
