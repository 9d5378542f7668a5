import { manualClock } from '@checkpoint-warden/kit/testing';
import { KubeError, PODS, type Pod } from '@checkpoint-warden/kube';
import { createMemoryApiServer, type KubeFault } from '@checkpoint-warden/kube/testing';
import { describe, expect, it } from 'vitest';
import { createLimiter } from '../limiter.ts';
import { allSettled } from '../testing/all-settled.ts';
import { makeOwner } from '../testing/make-state.ts';
import { createOwnerBook, isGone, type LiveAnswer } from './owner-book.ts';
import type { PodContainers } from './pod-containers.ts';

const WEB = makeOwner('shop/web-0/app');
const never = new AbortController().signal;

function pod(spec: NonNullable<Pod['spec']> = { containers: [{ name: 'app' }] }): Pod {
  return { metadata: { namespace: 'shop', name: 'web-0' }, spec };
}

function rig() {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock });
  let fault: KubeFault = 'ok';
  const watched = {
    objects: new Map<string, PodContainers>([['kube-system/other', 'other']]),
    synced: true,
    trouble: undefined as { readonly message: string } | undefined,
  };
  let held: string | undefined;
  let wentBack: string | undefined;
  const answers: LiveAnswer['result'][] = [];
  const book = createOwnerBook({
    api: server.client(() => fault),
    clock,
    lane: createLimiter(1),
    pods: watched,
    held: () => held,
    checkState: async () => wentBack,
    onAnswer: (result) => answers.push(result),
  });
  return {
    clock,
    server,
    watched,
    book,
    answers,
    ask: (owner = WEB) => book.ask(owner, [owner], never),
    fail(next: KubeFault) {
      fault = next;
    },
    hold(why: string | undefined) {
      held = why;
    },
    goBack(why: string) {
      wentBack = why;
    },
  };
}

function refused(status: number, reason: string, message = 'no'): KubeFault {
  return { error: new KubeError({ verb: 'get', resource: 'pods', status, reason, message }) };
}

describe('what the watch says', () => {
  it('is a reason to ask when it misses a pod, and an answer when it has it', () => {
    const { book, watched } = rig();
    expect(book.sight(WEB)).toBe('missing');
    watched.objects.set('shop/web-0', 'app,log');
    expect(book.sight(WEB)).toBe('present');
    watched.objects.set('shop/web-0', 'app2,log');
    expect(book.sight(WEB)).toBe('missing');
  });

  it.each<[string, (it: ReturnType<typeof rig>) => void, RegExp]>([
    [
      'the pods have not been listed',
      ({ watched }) => void Object.assign(watched, { synced: false }),
      /not been listed/,
    ],
    [
      'pods cannot be watched',
      ({ watched }) => void Object.assign(watched, { trouble: { message: 'watch pods: 403 Forbidden' } }),
      /cannot be watched: watch pods: 403 Forbidden/,
    ],
    ['the list is empty', ({ watched }) => watched.objects.clear(), /no pod at all/],
    ['an administrator holds orphans', ({ hold }) => hold('held: restore of etcd'), /held: restore of etcd/],
  ])('is unknown where %s, and says why', (_, doubt, why) => {
    const it = rig();
    it.watched.objects.set('shop/web-0', 'app');
    doubt(it);
    expect(it.book.sight(WEB)).toBe('unknown');
    expect(it.book.doubt()).toMatch(why);
  });
});

describe('asking the API server', () => {
  it('finds a pod gone, since the begin of the question', async () => {
    const { ask, book, clock, fail } = rig();
    fail({ delayMs: 300, afterEffect: true });
    clock.advance(1_000);
    const answer = ask();
    await allSettled();
    clock.advance(300);
    expect(await answer).toEqual({ result: 'gone', askedMs: 1_000 });
    expect(book.absentSince(WEB)).toBe(1_000);
  });

  it.each<[string, KubeFault, RegExp]>([
    [
      '403',
      refused(403, 'Forbidden'),
      /403 Forbidden: no; grant the controller's service account the verb get on pods/,
    ],
    ['429', refused(429, 'TooManyRequests'), /429/],
    ['500', refused(500, 'InternalError'), /500/],
    ['a 404 that is not about this pod', refused(404, '', '404 page not found'), /404 page not found/],
    ['a connection that breaks', refused(0, '', 'socket hang up'), /no answer: socket hang up/],
  ])('learns nothing from %s', async (_, fault, why) => {
    const { ask, book, fail } = rig();
    fail(fault);
    expect(await ask()).toEqual({ result: 'unknown', why: expect.stringMatching(why) });
    expect(book.absentSince(WEB)).toBeUndefined();
  });

  it('does not believe that a pod is gone when the state has gone back since it was seen', async () => {
    const { ask, book, goBack } = rig();
    goBack('the resourceVersion of pods went back from 9 to 5');
    expect(await ask()).toEqual({
      result: 'unknown',
      why: 'the resourceVersion of pods went back from 9 to 5',
    });
    expect(book.absentSince(WEB)).toBeUndefined();
  });

  it('learns nothing from a time-out', async () => {
    const { ask, book, clock, fail } = rig();
    fail('hang');
    const answer = ask();
    await allSettled();
    clock.advance(10_000);
    expect(await answer).toMatchObject({
      result: 'unknown',
      why: expect.stringContaining('no answer within'),
    });
    expect(book.absentSince(WEB)).toBeUndefined();
  });

  it('does not take a failed question for a sign of life', async () => {
    const { ask, book, clock, fail } = rig();
    await ask();
    clock.advance(5_000);
    fail(refused(500, 'InternalError'));
    await ask();
    expect(book.absentSince(WEB)).toBe(0);
  });

  it.each<[string, NonNullable<Pod['spec']>]>([
    ['regular', { containers: [{ name: 'app' }] }],
    ['init or sidecar', { containers: [{ name: 'x' }], initContainers: [{ name: 'app' }] }],
    ['ephemeral', { containers: [{ name: 'x' }], ephemeralContainers: [{ name: 'app' }] }],
  ])('finds a container among the %s ones', async (_, spec) => {
    const { ask, server } = rig();
    server.put(PODS, pod(spec));
    expect(isGone(await ask(), WEB)).toBe(false);
  });

  it('finds a container gone that was taken out of its pod, and only that one', async () => {
    const { book, server } = rig();
    server.put(PODS, pod());
    const gone = makeOwner('shop/web-0/old');
    await book.ask(WEB, [WEB, gone], never);
    expect([book.absentSince(WEB), book.absentSince(gone)]).toEqual([undefined, 0]);
  });

  it('counts an absence from its first sign, however often it asks', async () => {
    const { ask, book, clock } = rig();
    await ask();
    clock.advance(7_000);
    await ask();
    expect(book.absentSince(WEB)).toBe(0);
  });

  it('lets go of an absence when the pod is there', async () => {
    const { ask, book, server } = rig();
    await ask();
    server.put(PODS, pod());
    await ask();
    expect(book.absentSince(WEB)).toBeUndefined();
  });

  it('passes on that it is to stop', async () => {
    const { book } = rig();
    await expect(book.ask(WEB, [WEB], AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });
});

describe('a pod that comes back', () => {
  it('ends its absence', async () => {
    const { ask, book } = rig();
    await ask();
    book.podChanged('shop/web-0', undefined);
    expect(book.absentSince(WEB)).toBe(0);
    book.podChanged('shop/web-0', 'app');
    expect(book.absentSince(WEB)).toBeUndefined();
  });

  it('without the container does not end that of the container', async () => {
    const { ask, book } = rig();
    await ask();
    book.podChanged('shop/web-0', 'other');
    expect(book.absentSince(WEB)).toBe(0);
  });

  it('during the question makes the answer none, though it may have been right when it was given', async () => {
    const { ask, answers, book, clock, fail } = rig();
    fail({ delayMs: 300, afterEffect: true });
    const answer = ask();
    await allSettled();
    book.podChanged('shop/web-0', 'app');
    book.podChanged('shop/web-0', undefined);
    clock.advance(300);
    expect(await answer).toMatchObject({ result: 'unknown' });
    expect(answers).toEqual(['unknown']);
    expect(book.absentSince(WEB)).toBeUndefined();
  });

  it('is none of another pod’s business', async () => {
    const { ask, book } = rig();
    const answer = ask();
    await allSettled();
    book.podChanged('shop/web-00', 'app');
    expect(await answer).toMatchObject({ result: 'gone' });
  });
});

describe('a gap in what was seen', () => {
  it('begins every absence anew, also one that is being asked for', async () => {
    const { ask, book, clock, fail } = rig();
    await ask();
    fail({ delayMs: 300, afterEffect: true });
    const other = makeOwner('shop/db-0/app');
    const answer = ask(other);
    await allSettled();
    book.forget();
    clock.advance(300);
    expect(await answer).toMatchObject({ result: 'unknown' });
    expect([book.absentSince(WEB), book.absentSince(other)]).toEqual([undefined, undefined]);
  });
});
