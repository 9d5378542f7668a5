import { type OwnersPush, toWireTime } from '@checkpoint-warden/api';
import type { Clock } from '@checkpoint-warden/kit';
import type { Policy } from '@checkpoint-warden/policy';
import type { HeldOwner } from './held-owner.ts';
import { isGone, type LiveAnswer, type OwnerBook } from './owner-book.ts';
import { graceOf, isHeldForGone, type OwnerCheck } from './plan-round.ts';

export interface JudgeInput {
  readonly due: readonly HeldOwner[];
  readonly book: OwnerBook;
  readonly checks: ReadonlyMap<string, OwnerCheck>;
  readonly policy: Policy | undefined;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly signal: AbortSignal;
}

export interface Judged {
  /** What the agent is to be told: all that are gone for longer than their grace, and nothing else. */
  readonly absent: OwnersPush['absent'];
  /** Whether it must be told: also that somebody is not gone any more. */
  readonly mustTell: boolean;
  readonly checks: ReadonlyMap<string, OwnerCheck>;
  /** The same while it is not known whether the agent has been told. */
  readonly sentChecks: ReadonlyMap<string, OwnerCheck>;
  /** The same once the agent has been told. */
  readonly toldChecks: ReadonlyMap<string, OwnerCheck>;
  /** Why some owner could not be judged. */
  readonly why: string | undefined;
}

/**
 * Asks the API server for every pod of the owners that are due, and says what the agent is to be told.
 *
 * An absence lasts from the begin of the first GET that showed it to the begin of this one, on the monotonic clock: however
 * long the round takes, the grace is over only when the API server was asked after it, and a step of the wall clock cannot
 * lengthen an absence.
 */
export async function judgeOwners(input: JudgeInput): Promise<Judged> {
  const { due, book, policy, clock, signal } = input;
  const byPod = [...Map.groupBy(due, ({ podKey }) => podKey).values()];
  const answers = await Promise.all(
    byPod.map(async (owners) => {
      const [first] = owners;
      return first === undefined ? undefined : { owners, answer: await book.ask(first, owners, signal) };
    }),
  );

  const nowMs = clock.monotonicMs();
  const wallMs = clock.nowMs() - nowMs;
  const checks = new Map(input.checks);
  const told = new Set<string>();
  const absent: OwnersPush['absent'][number][] = [];
  let why: string | undefined;
  for (const { owners, answer } of answers.flatMap((each) => each ?? [])) {
    if (answer.result === 'unknown') why ??= answer.why;
    for (const owner of owners) {
      checks.set(owner.key, checkAfter(checks.get(owner.key), answer, owner, nowMs));
      const absence = absenceOf(owner, answer, book);
      const graceMs = graceOf(owner, policy);
      if (absence === undefined || graceMs === undefined) continue;
      const { sinceMs, askedMs } = absence;
      if (askedMs - sinceMs < graceMs) continue;
      const { namespace, pod, container } = owner;
      const confirmedMs = Math.floor(wallMs + askedMs);
      told.add(owner.key);
      absent.push({
        namespace,
        pod,
        container,
        absentSince: toWireTime(confirmedMs - (askedMs - sinceMs)),
        confirmedAt: toWireTime(confirmedMs),
      });
    }
  }

  return {
    absent,
    mustTell: absent.length > 0 || [...input.checks.values()].some((check) => isHeldForGone(check, nowMs)),
    checks,
    sentChecks: mapChecks(checks, (check, key) =>
      told.has(key) ? { ...check, told: { ms: nowMs, times: timesTold(check), state: 'sent' } } : check,
    ),
    toldChecks: mapChecks(checks, (check, key) =>
      told.has(key)
        ? { ...check, told: { ms: nowMs, times: timesTold(check) + 1, state: 'told' } }
        : withdrawn(check),
    ),
    why,
  };
}

/** From when to when an owner is known to have been gone; `undefined` when the answer, or anything seen since, is against it. */
function absenceOf(
  owner: HeldOwner,
  answer: LiveAnswer,
  book: OwnerBook,
): { readonly sinceMs: number; readonly askedMs: number } | undefined {
  if (answer.result === 'unknown' || !isGone(answer, owner) || book.sight(owner) !== 'missing')
    return undefined;
  const sinceMs = book.absentSince(owner);
  return sinceMs === undefined ? undefined : { sinceMs, askedMs: answer.askedMs };
}

function checkAfter(
  before: OwnerCheck | undefined,
  answer: LiveAnswer,
  owner: HeldOwner,
  nowMs: number,
): OwnerCheck {
  const outcome = answer.result === 'unknown' ? 'unknown' : isGone(answer, owner) ? 'gone' : 'there';
  const attempts = before?.outcome === outcome ? before.attempts + 1 : 1;
  return {
    checkedMs: nowMs,
    outcome,
    attempts,
    ...(before?.told === undefined ? {} : { told: before.told }),
  };
}

function timesTold({ told }: OwnerCheck): number {
  return told?.times ?? 0;
}

/** After a message that leaves the owner out. */
function withdrawn({ told, ...check }: OwnerCheck): OwnerCheck {
  return told === undefined ? check : { ...check, told: { ...told, state: 'withdrawn' } };
}

function mapChecks(
  checks: ReadonlyMap<string, OwnerCheck>,
  change: (check: OwnerCheck, key: string) => OwnerCheck,
): ReadonlyMap<string, OwnerCheck> {
  return new Map([...checks].map(([key, check]) => [key, change(check, key)]));
}
