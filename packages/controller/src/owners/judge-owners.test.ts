import { fromWireTime } from '@checkpoint-warden/api';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { describe, expect, it } from 'vitest';
import { makeOwner } from '../testing/make-state.ts';
import { orphanPolicy } from '../testing/orphan-policy.ts';
import { judgeOwners } from './judge-owners.ts';
import type { LiveAnswer, OwnerBook, Sight } from './owner-book.ts';
import type { OwnerCheck, Told } from './plan-round.ts';

const GRACE_MS = 60_000;
const WEB = makeOwner('shop/web-0/app');
const DB = makeOwner('shop/db-0/app');

interface Situation {
  readonly answers?: Readonly<Record<string, Partial<LiveAnswer>>>;
  readonly since?: Readonly<Record<string, number>>;
  readonly sight?: Sight;
  readonly due?: readonly (typeof WEB)[];
  readonly checks?: Readonly<Record<string, OwnerCheck>>;
  readonly graceMs?: number;
  /** How long the questions take. */
  readonly tookMs?: number;
}

async function judge(situation: Situation) {
  const { answers = {}, since = {}, sight = 'missing', due = [WEB], checks = {}, tookMs = 0 } = situation;
  const clock = manualClock();
  clock.advance(100_000);
  const asked: string[] = [];
  const book: OwnerBook = {
    doubt: () => undefined,
    sight: () => sight,
    absentSince: ({ key }) => since[key],
    async ask({ namespace, pod }) {
      asked.push(`${namespace}/${pod}`);
      const askedMs = clock.monotonicMs();
      await Promise.resolve();
      clock.advance(tookMs);
      const answer = answers[`${namespace}/${pod}`] ?? {};
      return { result: 'gone', askedMs, ...answer } as LiveAnswer;
    },
    podChanged() {},
    release() {},
    forget() {},
  };
  const judged = await judgeOwners({
    due,
    book,
    checks: new Map(Object.entries(checks)),
    policy: orphanPolicy(situation.graceMs ?? GRACE_MS),
    clock,
    signal: new AbortController().signal,
  });
  const spans = judged.absent.map(
    ({ absentSince, confirmedAt }) => fromWireTime(confirmedAt) - fromWireTime(absentSince),
  );
  return { ...judged, asked, spans, names: judged.absent.map(({ pod }) => pod), nowMs: clock.monotonicMs() };
}

const goneAndTold = (told: Partial<Told> = {}): OwnerCheck => ({
  checkedMs: 90_000,
  outcome: 'gone',
  attempts: 2,
  told: { ms: 90_000, times: 1, state: 'told', ...told },
});

describe('judgeOwners', () => {
  it('tells of an owner whose grace is over, and for how long it was gone when that was asked last', async () => {
    const judged = await judge({ since: { [WEB.key]: 30_000 }, tookMs: 500 });
    expect(judged).toMatchObject({ names: ['web-0'], spans: [70_000], mustTell: true });
  });

  it('does not let the time that a round takes count: the grace ends with a question after it', async () => {
    const judged = await judge({ since: { [WEB.key]: 40_001 }, tookMs: 5_000 });
    expect(judged).toMatchObject({ names: [], mustTell: false });
    expect(judged.nowMs).toBe(105_000);
  });

  it('needs no second question where the grace is 0', async () => {
    expect(await judge({ graceMs: 0, since: { [WEB.key]: 100_000 } })).toMatchObject({
      names: ['web-0'],
      spans: [0],
    });
  });

  it.each<[string, Situation]>([
    ['the API server has not answered', { answers: { 'shop/web-0': { result: 'unknown', why: 'a 500' } } }],
    ['the pod is there', { answers: { 'shop/web-0': { result: 'there', containers: ['app'] } } }],
    ['the watch has it again', { sight: 'present' }],
    ['the watch cannot be relied on any more', { sight: 'unknown' }],
    ['there was a sign of it since', { since: {} }],
  ])('tells nothing where %s', async (_, situation) => {
    expect(await judge({ since: { [WEB.key]: 0 }, ...situation })).toMatchObject({
      names: [],
      mustTell: false,
    });
  });

  it('asks for a pod once, for all of its containers', async () => {
    const due = [WEB, makeOwner('shop/web-0/log'), DB];
    const since = Object.fromEntries(due.map(({ key }) => [key, 0]));
    const judged = await judge({
      due,
      since,
      answers: { 'shop/web-0': { result: 'there', containers: ['log'] } },
    });
    expect(judged.asked).toEqual(['shop/web-0', 'shop/db-0']);
    expect(judged.absent.map(({ pod, container }) => `${pod}/${container}`)).toEqual([
      'web-0/app',
      'db-0/app',
    ]);
  });

  it('tells that somebody is not gone any more', async () => {
    const checks = { [WEB.key]: goneAndTold() };
    expect(await judge({ due: [], checks })).toMatchObject({ names: [], mustTell: true });
  });

  it('says why some owner cannot be judged', async () => {
    const judged = await judge({ answers: { 'shop/web-0': { result: 'unknown', why: 'a 403' } } });
    expect(judged.why).toBe('a 403');
    expect(judged.checks.get(WEB.key)).toMatchObject({ outcome: 'unknown', attempts: 1 });
  });

  it('counts who may have been told as told until the agent answers', async () => {
    const { checks, sentChecks, toldChecks } = await judge({ since: { [WEB.key]: 0 } });
    expect(checks.get(WEB.key)?.told).toBeUndefined();
    expect(sentChecks.get(WEB.key)?.told).toEqual({ ms: 100_000, times: 0, state: 'sent' });
    expect(toldChecks.get(WEB.key)?.told).toEqual({ ms: 100_000, times: 1, state: 'told' });
  });

  it('holds to what was told before until the message that leaves it out is confirmed', async () => {
    const { sentChecks, toldChecks } = await judge({ due: [], checks: { [WEB.key]: goneAndTold() } });
    expect(sentChecks.get(WEB.key)?.told?.state).toBe('told');
    expect(toldChecks.get(WEB.key)?.told?.state).toBe('withdrawn');
  });
});
