import { EMPTY_POLICY, type Policy } from '@checkpoint-warden/policy';
import { describe, expect, it } from 'vitest';
import { makeOwner } from '../testing/make-state.ts';
import { orphanPolicy } from '../testing/orphan-policy.ts';
import type { Sight } from './owner-book.ts';
import { graceOf, type OwnerCheck, planRound, type Told } from './plan-round.ts';

const GRACE_MS = 60_000;
const WEB = makeOwner('shop/web-0/app', 3);
const DB = makeOwner('shop/db-0/app', 5);

interface Situation {
  readonly sights?: Readonly<Record<string, Sight>>;
  readonly since?: Readonly<Record<string, number>>;
  readonly checks?: Readonly<Record<string, OwnerCheck>>;
  readonly policy?: Policy | undefined;
  readonly nowMs?: number;
  readonly owners?: readonly (typeof WEB)[];
}

function plan({ sights = {}, since = {}, checks = {}, nowMs = 100_000, owners = [WEB], ...rest }: Situation) {
  const policy = 'policy' in rest ? rest.policy : orphanPolicy(GRACE_MS);
  const book = {
    sight: ({ key }: typeof WEB) => sights[key] ?? 'missing',
    absentSince: ({ key }: typeof WEB) => since[key],
  };
  return planRound({ owners, book, checks: new Map(Object.entries(checks)), policy, nowMs });
}

const gone = (changes: Partial<OwnerCheck> = {}): OwnerCheck => ({
  checkedMs: 0,
  outcome: 'gone',
  attempts: 1,
  ...changes,
});
const told = (ms: number, changes: Partial<Told> = {}): Told => ({ ms, times: 1, state: 'told', ...changes });

describe('who is asked for', () => {
  it('is whoever the watch misses, at once', () => {
    expect(plan({ owners: [WEB, DB], sights: { [DB.key]: 'present' } }).due).toEqual([WEB]);
  });

  it.each<Sight>(['present', 'unknown'])('is nobody whose sight is %s', (sight) => {
    expect(plan({ sights: { [WEB.key]: sight } })).toMatchObject({
      due: [],
      revoke: false,
      nextMs: Infinity,
    });
  });

  it('is who is gone again when the grace is over, and not before', () => {
    const situation = { checks: { [WEB.key]: gone() }, since: { [WEB.key]: 50_000 } };
    expect(plan({ ...situation, nowMs: 109_999 })).toMatchObject({ due: [], nextMs: 110_000 });
    expect(plan({ ...situation, nowMs: 110_000 }).due).toEqual([WEB]);
  });

  it.each<[string, Policy | undefined]>([
    ['keeps orphans', orphanPolicy(GRACE_MS, { retainOrphan: true })],
    ['has no rule for them', EMPTY_POLICY],
    ['is not known', undefined],
  ])('is nobody twice where the policy %s', (_, policy) => {
    const checks = { [WEB.key]: gone() };
    expect(plan({ policy, checks, since: { [WEB.key]: 0 } })).toMatchObject({ due: [], nextMs: Infinity });
  });

  it('is who was gone, and of whom there was a sign since', () => {
    expect(plan({ checks: { [WEB.key]: gone() } }).due).toEqual([WEB]);
  });

  it.each(['there', 'unknown'] as const)('is who was %s, after a pause that grows', (outcome) => {
    const at = (attempts: number) =>
      plan({ checks: { [WEB.key]: { outcome, attempts, checkedMs: 100_000 } } }).nextMs - 100_000;
    expect([1, 2, 3, 100].map(at)).toEqual([5_000, 10_000, 20_000, 300_000]);
  });

  it('is who the agent was told of, again, after a pause that grows with each time', () => {
    const at = (times: number) =>
      plan({
        checks: { [WEB.key]: gone({ attempts: 50, told: told(100_000, { times }) }) },
        since: { [WEB.key]: 0 },
      }).nextMs - 100_000;
    expect([1, 2, 3, 100].map(at)).toEqual([20_000, 40_000, 80_000, 600_000]);
  });

  it('is at once who may have been told, and has not confirmed it', () => {
    const checks = { [WEB.key]: gone({ told: told(100_000, { state: 'sent', times: 0 }) }) };
    expect(plan({ checks, since: { [WEB.key]: 0 } }).due).toEqual([WEB]);
  });

  it('is never who was told of before a grace that has begun anew', () => {
    const checks = { [WEB.key]: gone({ told: told(0, { state: 'withdrawn' }) }) };
    expect(plan({ checks, since: { [WEB.key]: 90_000 } })).toMatchObject({ due: [], nextMs: 150_000 });
  });

  it('is also who was told of lately, when there is another reason for a message: it must not leave them out', () => {
    const checks = { [WEB.key]: gone({ told: told(95_000) }) };
    expect(plan({ owners: [WEB], checks, since: { [WEB.key]: 0 } }).due).toEqual([]);
    expect(plan({ owners: [WEB, DB], checks, since: { [WEB.key]: 0 } }).due).toEqual([DB, WEB]);
  });

  it('is no more than fit into the time that facts last', () => {
    const owners = Array.from({ length: 250 }, (_, index) => makeOwner(`shop/pod-${index}/app`));
    const round = plan({ owners });
    expect(round.due).toEqual(owners.slice(0, 200));
    expect(round.isCut).toBe(true);
  });
});

describe('what must be taken back', () => {
  it.each<[string, Sight, Told, boolean]>([
    ['an owner that is there again', 'present', told(95_000), true],
    [
      'an owner that may have been told, and is there again',
      'present',
      told(95_000, { state: 'sent' }),
      true,
    ],
    ['an owner of whom nothing is known any more', 'unknown', told(95_000), true],
    ['nothing that the agent has forgotten by itself', 'present', told(70_000), false],
    ['nothing that was taken back', 'present', told(95_000, { state: 'withdrawn' }), false],
    ['nobody who is still missing', 'missing', told(95_000), false],
  ])('is %s', (_, sight, was, revoke) => {
    const checks = { [WEB.key]: gone({ told: was }) };
    expect(plan({ sights: { [WEB.key]: sight }, checks, since: { [WEB.key]: 0 } }).revoke).toBe(revoke);
  });

  it('is an owner whose archives are all gone: its pod may come back, and be checkpointed', () => {
    const checks = { [WEB.key]: gone({ told: told(95_000) }) };
    expect(plan({ owners: [], checks }).revoke).toBe(true);
    expect(plan({ owners: [], checks, nowMs: 125_000 }).revoke).toBe(false);
  });
});

describe('what is counted', () => {
  it('is orphaned once the API server has said so, and unknown before', () => {
    expect(plan({})).toMatchObject({ orphaned: 0, unknown: 3 });
    expect(plan({ checks: { [WEB.key]: gone() }, since: { [WEB.key]: 0 } })).toMatchObject({
      orphaned: 3,
      unknown: 0,
    });
    expect(plan({ owners: [WEB, DB], sights: { [WEB.key]: 'unknown', [DB.key]: 'present' } })).toMatchObject({
      orphaned: 0,
      unknown: 3,
    });
  });
});

describe('graceOf', () => {
  it('is that of the one rule that governs', () => {
    expect(graceOf(WEB, orphanPolicy(5_000))).toBe(5_000);
    expect(graceOf(WEB, orphanPolicy(5_000, { retainOrphan: true }))).toBeUndefined();
  });
});
