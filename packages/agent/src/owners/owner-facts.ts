import { OWNER_FACTS_FRESH_MS } from '@checkpoint-warden/api';
import { groupKey, type Owner, type OwnerState } from '@checkpoint-warden/policy';

/** One owner that the controller has confirmed gone, and for how long it had been by then. */
export interface AbsentOwner {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Milliseconds between the first and the last confirmation, by the controller's clock. */
  readonly goneForMs: number;
}

/**
 * Whether facts may be acted on: those of a moment to come are a mistake, and those of half a minute ago are not known to be
 * true any more.
 */
export function isFresh(asOfMs: number, monotonicMs: number): boolean {
  const ageMs = monotonicMs - asOfMs;
  return ageMs >= 0 && ageMs <= OWNER_FACTS_FRESH_MS;
}

/** What the agent was told of owners. See {@link createOwnerFacts}. */
export interface OwnerFacts {
  /** Grows with every message. */
  readonly revision: number;
  /**
   * Replaces all that was known.
   *
   * @param asOfMs - the moment that it counts as of, by the agent's own monotonic clock: one before the API server was asked,
   * however much later the message came
   */
  replace(absent: readonly AbsentOwner[], asOfMs: number): void;
  /** The moment that it counts as of; infinitely long ago: nothing was said yet. */
  readonly asOfMs: number;
  /** Whether what was said last may be acted on. */
  isFresh(monotonicMs: number): boolean;
  stateOf(owner: Owner, monotonicMs: number): OwnerState;
}

/**
 * Keeps which owners the controller has confirmed gone. A fact that is not confirmed again turns into not knowing, and what
 * was never said is not known: only a fresh `absent` ever deletes.
 */
export function createOwnerFacts(): OwnerFacts {
  let absent = new Map<string, number>();
  let factsAsOfMs = Number.NEGATIVE_INFINITY;
  let revision = 0;
  const isFreshAt = (monotonicMs: number): boolean => isFresh(factsAsOfMs, monotonicMs);
  return {
    get revision() {
      return revision;
    },
    replace(owners, asOfMs) {
      absent = new Map(owners.map((owner) => [groupKey('container', owner), owner.goneForMs]));
      factsAsOfMs = asOfMs;
      revision++;
    },
    get asOfMs() {
      return factsAsOfMs;
    },
    isFresh: isFreshAt,
    stateOf(owner, monotonicMs) {
      const goneForMs = absent.get(groupKey('container', owner));
      if (goneForMs === undefined || !isFreshAt(monotonicMs)) return { state: 'unknown' };
      return { state: 'absent', goneForMs };
    },
  };
}
