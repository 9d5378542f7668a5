import { OWNER_FACTS_FRESH_MS } from '@checkpoint-warden/api';
import { governingRule, type Policy } from '@checkpoint-warden/policy';
import { type Backoff, backoffMs } from '../backoff.ts';
import type { HeldOwner } from './held-owner.ts';
import type { OwnerBook } from './owner-book.ts';

/** The last time that an owner, missing in the watch, was asked for on behalf of one agent. Times are monotonic ms. */
export interface OwnerCheck {
  readonly checkedMs: number;
  readonly outcome: 'gone' | 'there' | 'unknown';
  /** In a row with the same end. */
  readonly attempts: number;
  readonly told?: Told;
}

/** That the agent was told that the owner is gone. */
export interface Told {
  /** When last, monotonic ms. */
  readonly ms: number;
  /** How often it has confirmed that. */
  readonly times: number;
  /**
   * `sent`: it may have been told, its answer is missing. `told`: it was. `withdrawn`: what it was told since leaves the owner
   * out, and so it does not hold it for gone any more.
   */
  readonly state: 'sent' | 'told' | 'withdrawn';
}

/** What to do about the owners of one agent. */
export interface OwnerRound {
  /** To be asked for now. */
  readonly due: readonly HeldOwner[];
  /** Whether the agent holds for gone what is not, or not any more for certain. */
  readonly revoke: boolean;
  /** Whether more are due than one round is about. */
  readonly isCut: boolean;
  /** When the next one is due, monotonic ms; infinite when none will be. */
  readonly nextMs: number;
  /** Archives whose owner is confirmed gone. */
  readonly orphaned: number;
  /** Archives whose owner the watch misses, or cannot tell of, without an answer of the API server. */
  readonly unknown: number;
}

export interface OwnerRoundInput {
  readonly owners: readonly HeldOwner[];
  readonly book: Pick<OwnerBook, 'sight' | 'absentSince'>;
  readonly checks: ReadonlyMap<string, OwnerCheck>;
  /** What the agent enforces or is about to. */
  readonly policy: Policy | undefined;
  readonly nowMs: number;
}

/** Told again while the archives are still there: a deletion may have failed, and facts do not last. */
const TELL_AGAIN: Backoff = { firstMs: 20_000, maxMs: 600_000 };
/** Asked again when the answer was none, or said that the watch is behind. */
const ASK_AGAIN: Backoff = { firstMs: 5_000, maxMs: 300_000 };

/** How many owners one round is about at most, so that it ends long before its facts are old. */
const MAX_DUE = 200;

/**
 * Decides which of an agent's owners to ask the API server for. Pure.
 *
 * Each owner that the watch misses is asked for once. Where a rule has its archives deleted, it is asked for again when the
 * grace is over, which is what the agent is then told.
 */
export function planRound(input: OwnerRoundInput): OwnerRound {
  const { owners, book, checks, nowMs } = input;
  const due: HeldOwner[] = [];
  const stillTold: HeldOwner[] = [];
  // What was told of owners of whom it holds nothing any more must not meet their next archive: pods come back.
  const held = new Set(owners.map(({ key }) => key));
  let revoke = [...checks].some(([key, check]) => !held.has(key) && isHeldForGone(check, nowMs));
  let nextMs = Number.POSITIVE_INFINITY;
  let orphaned = 0;
  let unknown = 0;
  for (const owner of owners) {
    const check = checks.get(owner.key);
    const isTold = isHeldForGone(check, nowMs);
    const sight = book.sight(owner);
    if (sight !== 'missing') {
      if (sight === 'unknown') unknown += owner.archives;
      revoke ||= isTold;
      continue;
    }
    if (check?.outcome === 'gone' && book.absentSince(owner) !== undefined) orphaned += owner.archives;
    else unknown += owner.archives;
    const dueMs = dueTime(owner, check, input);
    if (dueMs <= nowMs) due.push(owner);
    else {
      nextMs = Math.min(nextMs, dueMs);
      if (isTold) stillTold.push(owner);
    }
  }
  // The agent forgets what a message leaves out: those it was told of lately are asked for again with the others.
  const asked = due.length > 0 || revoke ? [...due, ...stillTold] : due;
  return { due: asked.slice(0, MAX_DUE), isCut: asked.length > MAX_DUE, revoke, nextMs, orphaned, unknown };
}

/** Whether the agent may act on having been told that an owner is gone. */
export function isHeldForGone(check: OwnerCheck | undefined, nowMs: number): boolean {
  const told = check?.told;
  return told !== undefined && told.state !== 'withdrawn' && nowMs - told.ms < OWNER_FACTS_FRESH_MS;
}

function dueTime(owner: HeldOwner, check: OwnerCheck | undefined, { book, policy }: OwnerRoundInput): number {
  if (check === undefined) return Number.NEGATIVE_INFINITY;
  switch (check.outcome) {
    case 'there':
    case 'unknown':
      return check.checkedMs + backoffMs(ASK_AGAIN, check.attempts);
    case 'gone': {
      const sinceMs = book.absentSince(owner);
      if (sinceMs === undefined) return Number.NEGATIVE_INFINITY;
      const graceMs = graceOf(owner, policy);
      if (graceMs === undefined) return Number.POSITIVE_INFINITY;
      const { told } = check;
      const tellAgainMs =
        told === undefined || told.times === 0
          ? Number.NEGATIVE_INFINITY
          : told.ms + backoffMs(TELL_AGAIN, told.times);
      return Math.max(sinceMs + graceMs, tellAgainMs);
    }
  }
}

/** How long an owner must be gone before its archives go; `undefined`: they do not go for that. */
export function graceOf(owner: HeldOwner, policy: Policy | undefined): number | undefined {
  const rule = policy && governingRule(policy.rules, owner);
  return rule === undefined || rule.retainOrphan ? undefined : rule.orphanGraceMs;
}
