import { groupKey, type Owner, type OwnerState } from '@checkpoint-warden/policy';

/** How long a confirmation that an owner is gone may be acted on, from its receipt (docs/explanation/retention.md, 5). */
const CONFIRMATION_MS = 30_000;

/** One owner that the controller has confirmed gone, and for how long it had been by then. */
export interface AbsentOwner {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Milliseconds between the first and the last confirmation, by the controller's clock. */
  readonly goneForMs: number;
}

/** What the agent was told of owners. See {@link createOwnerFacts}. */
export interface OwnerFacts {
  /** Grows with every message. */
  readonly revision: number;
  /** Replaces all that was known, as of now. */
  replace(absent: readonly AbsentOwner[], monotonicMs: number): void;
  stateOf(owner: Owner, monotonicMs: number): OwnerState;
}

/**
 * Keeps which owners the controller has confirmed gone. A fact that is not confirmed again turns into not knowing, and what
 * was never said is not known: only a fresh `absent` ever deletes.
 */
export function createOwnerFacts(): OwnerFacts {
  let absent = new Map<string, number>();
  let receivedMs = Number.NEGATIVE_INFINITY;
  let revision = 0;
  return {
    get revision() {
      return revision;
    },
    replace(owners, monotonicMs) {
      absent = new Map(owners.map((owner) => [groupKey('container', owner), owner.goneForMs]));
      receivedMs = monotonicMs;
      revision++;
    },
    stateOf(owner, monotonicMs) {
      const goneForMs = absent.get(groupKey('container', owner));
      if (goneForMs === undefined || monotonicMs - receivedMs > CONFIRMATION_MS) return { state: 'unknown' };
      return { state: 'absent', goneForMs };
    },
  };
}
