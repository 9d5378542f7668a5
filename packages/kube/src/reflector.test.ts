import { createLogger } from '@checkpoint-warden/kit';
import { type ManualClock, manualClock } from '@checkpoint-warden/kit/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { KubeApi, ListPage, ListQuery, WatchEvent, WatchQuery } from './kube-api.ts';
import { KubeError } from './kube-error.ts';
import type { Node } from './objects.ts';
import { createReflector, type Reflector, type ReflectorOptions } from './reflector.ts';
import { NODES } from './resource.ts';

const log = createLogger({ level: 'silent', terminal: false });

/** A call that waits for a test to answer it. */
interface OpenList {
  readonly query: ListQuery;
  answer(page: ListPage<Node>): void;
  fail(error: unknown): void;
}
interface OpenWatch {
  readonly query: WatchQuery;
  emit(event: WatchEvent<Node>): void;
  end(): void;
  fail(error: unknown): void;
}

interface Setup {
  readonly clock: ManualClock;
  readonly reflector: Reflector<string>;
  readonly log: unknown[];
  readonly lists: OpenList[];
  readonly watches: OpenWatch[];
  readonly running: Promise<void>;
  stop(): void;
  /** Lets time pass, and everything happen that does by then. */
  pass(ms: number): Promise<void>;
}

const node = (name: string, value: string, resourceVersion: string): Node => ({
  metadata: { name, labels: { value }, resourceVersion },
});
const failed = (status: number, retryAfterMs?: number) =>
  new KubeError({
    verb: 'watch',
    resource: 'nodes',
    status,
    reason: '',
    message: 'a fault',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

function setUp(options: Partial<ReflectorOptions<Node, string>> = {}): Setup {
  const clock = manualClock();
  const lists: OpenList[] = [];
  const watches: OpenWatch[] = [];
  const seen: unknown[] = [];
  const untilAborted = <A>(promise: Promise<A>, signal: AbortSignal) =>
    Promise.race([
      promise,
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]);
  const api = {
    list(_resource: unknown, query: ListQuery, signal: AbortSignal) {
      const { promise, resolve, reject } = Promise.withResolvers<ListPage<Node>>();
      lists.push({ query, answer: resolve, fail: reject });
      return untilAborted(promise, signal);
    },
    watch(_resource: unknown, query: WatchQuery, emit: OpenWatch['emit'], signal: AbortSignal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      watches.push({ query, emit, end: resolve, fail: reject });
      return untilAborted(promise, signal);
    },
  } as Pick<KubeApi, 'list' | 'watch'>;
  const reflector = createReflector<Node, string>({
    api,
    resource: NODES,
    slim: ({ metadata }) => metadata.labels?.value ?? '',
    onChange: (key, next, previous) => seen.push([key, next, previous]),
    onSynced: () => seen.push('synced'),
    onRestart: (reason) => seen.push(reason),
    onWentBack: (from, to) => seen.push(['went back', from, to]),
    clock,
    random: () => 0.5,
    log,
    ...options,
  });
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  return {
    clock,
    reflector,
    log: seen,
    lists,
    watches,
    running: reflector.run(abort.signal),
    stop: () => abort.abort(),
    async pass(ms) {
      await new Promise(setImmediate);
      clock.advance(ms);
      await new Promise(setImmediate);
    },
  };
}

/** Synced with `a` at version 10, and watching. */
async function watching(options: Partial<ReflectorOptions<Node, string>> = {}): Promise<Setup> {
  const setup = setUp(options);
  setup.lists[0]?.answer({ items: [node('a', '1', '7')], resourceVersion: '10' });
  await setup.pass(0);
  return setup;
}

/** Answers the look at how far the server has come that goes before a watch is resumed. */
async function resume({ lists, pass }: Setup, resourceVersion: string): Promise<void> {
  lists.at(-1)?.answer({ items: [], resourceVersion });
  await pass(0);
}

describe('the first list', () => {
  it('is read page by page and seen only when it is complete', async () => {
    const {
      reflector,
      lists,
      watches,
      log: seen,
      pass,
    } = setUp({ pageSize: 2, selection: { labelSelector: 'a=b' } });
    expect(lists[0]?.query).toEqual({ labelSelector: 'a=b', limit: 2 });
    lists[0]?.answer({
      items: [node('a', '1', '7'), node('b', '2', '8')],
      resourceVersion: '10',
      continueToken: 'c',
    });
    await pass(0);
    expect(lists[1]?.query).toEqual({ labelSelector: 'a=b', limit: 2, continueToken: 'c' });
    expect(reflector).toMatchObject({ synced: false, resourceVersion: undefined });
    expect(reflector.objects.size).toBe(0);
    // Another version would mean that the pages are not of one moment: what changed after the first must come again.
    lists[1]?.answer({ items: [node('c', '3', '9')], resourceVersion: '12' });
    await pass(0);
    expect([...reflector.objects]).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]);
    expect(seen).toEqual([['a', '1', undefined], ['b', '2', undefined], ['c', '3', undefined], 'synced']);
    expect(watches[0]?.query).toEqual({ labelSelector: 'a=b', resourceVersion: '10', timeoutSeconds: 450 });
  });

  it('wakes who waits for it', async () => {
    const { reflector, lists } = setUp();
    const waiting = reflector.whenSynced(new AbortController().signal);
    lists[0]?.answer({ items: [], resourceVersion: '10' });
    await waiting;
    expect(reflector.synced).toBe(true);
    await reflector.whenSynced(new AbortController().signal);
  });

  it('lets go of who no longer waits for it', async () => {
    const { reflector } = setUp();
    const reason = new Error('stopped');
    await expect(reflector.whenSynced(AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const waiting = expect(reflector.whenSynced(abort.signal)).rejects.toBe(reason);
    abort.abort(reason);
    await waiting;
  });
});

describe('a failed list', () => {
  it('changes nothing, whichever page fails', async () => {
    const setup = await watching();
    const { reflector, lists, watches, log: seen, pass } = setup;
    watches[0]?.fail(failed(410));
    await pass(30_000);
    lists[1]?.answer({ items: [node('b', '2', '11')], resourceVersion: '20', continueToken: 'c' });
    await pass(0);
    lists[2]?.fail(failed(500));
    await pass(0);
    expect([...reflector.objects]).toEqual([['a', '1']]);
    expect(reflector).toMatchObject({ synced: true, resourceVersion: '10', trouble: { status: 500 } });
    expect(seen.slice(2)).toEqual(['expired', 'list-failed']);
  });

  it('is tried again from its first page after a growing wait', async () => {
    const { lists, pass } = setUp();
    for (const [attempt, waitMs] of [1_500, 2_500, 4_500, 8_500, 15_500, 15_500].entries()) {
      lists[attempt]?.fail(failed(0));
      await pass(waitMs - 1);
      expect(lists).toHaveLength(attempt + 1);
      await pass(1);
      expect(lists).toHaveLength(attempt + 2);
      expect(lists.at(-1)?.query).toEqual({ limit: 500 });
    }
  });

  it.each([
    ['as the server asks', 20_000, 20_000],
    ['no longer than five minutes, whatever the server asks', 1e12, 300_000],
    ['not less than the backoff, whatever the server asks', 0, 1_500],
  ])('waits %s', async (_, retryAfterMs, waitMs) => {
    const { lists, pass } = setUp();
    lists[0]?.fail(failed(429, retryAfterMs));
    await pass(waitMs - 1);
    expect(lists).toHaveLength(1);
    await pass(1);
    expect(lists).toHaveLength(2);
  });
});

describe('a watch', () => {
  it('is followed in order', async () => {
    const { reflector, watches, log: seen } = await watching();
    watches[0]?.emit({ type: 'added', object: node('b', '1', '11') });
    watches[0]?.emit({ type: 'modified', object: node('b', '2', '12') });
    watches[0]?.emit({ type: 'deleted', object: node('a', '1', '13') });
    watches[0]?.emit({ type: 'bookmark', resourceVersion: '20' });
    expect([...reflector.objects]).toEqual([['b', '2']]);
    expect(reflector.resourceVersion).toBe('20');
    expect(seen.slice(2)).toEqual([
      ['b', '1', undefined],
      ['b', '2', '1'],
      ['a', undefined, '1'],
    ]);
  });

  it('does not tell of changes in what is not kept', async () => {
    const { watches, log: seen, reflector } = await watching();
    watches[0]?.emit({ type: 'modified', object: node('a', '1', '11') });
    expect(seen).toHaveLength(2);
    expect(reflector.resourceVersion).toBe('11');
  });

  it('goes on at once from the last version when it ends after its time', async () => {
    const setup = await watching();
    const { watches, log: seen, reflector, pass } = setup;
    await pass(200_000);
    watches[0]?.emit({ type: 'bookmark', resourceVersion: '15' });
    await pass(250_000);
    watches[0]?.end();
    await pass(500);
    await resume(setup, '16');
    expect(watches[1]?.query).toMatchObject({ resourceVersion: '15' });
    expect(seen.at(-1)).toBe('ended');
    expect(reflector.trouble).toBeUndefined();
  });

  it('is begun again with growing waits when it keeps breaking, however it breaks', async () => {
    const setup = await watching();
    const { watches, clock, pass } = setup;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      if (attempt % 2 === 0) watches[attempt]?.fail(failed(0));
      else watches[attempt]?.end();
      await pass(0);
      const brokeMs = clock.monotonicMs();
      const { length } = setup.lists;
      while (setup.lists.length === length) await pass(500);
      waits.push(clock.monotonicMs() - brokeMs);
      await resume(setup, '10');
    }
    expect(waits).toEqual([1_500, 2_500, 4_500, 8_500, 15_500]);
  });

  it('that lasted starts the waits anew; a list does not', async () => {
    const setup = await watching();
    const { lists, watches, pass } = setup;
    // Lists that work and watches that do not: 1.5 s, 2.5 s.
    watches[0]?.fail(failed(410));
    await pass(1_500);
    lists[1]?.answer({ items: [], resourceVersion: '20' });
    await pass(0);
    watches[1]?.fail(failed(410));
    await pass(2_499);
    expect(lists).toHaveLength(2);
    await pass(1);
    expect(lists).toHaveLength(3);
    lists[2]?.answer({ items: [], resourceVersion: '20' });
    await pass(30_000);
    watches[2]?.fail(failed(0));
    await pass(1_500);
    expect(lists).toHaveLength(4);
  });

  it('is in doubt from its failure until the next one is accepted', async () => {
    const setup = await watching();
    const { reflector, watches, pass } = setup;
    watches[0]?.fail(failed(503));
    await pass(5_000);
    expect(reflector).toMatchObject({ synced: true, trouble: { status: 503 } });
    await resume(setup, '10');
    expect(reflector.trouble).toMatchObject({ status: 503 });
    watches[1]?.emit({ type: 'bookmark', resourceVersion: '10' });
    expect(reflector.trouble).toBeUndefined();
  });

  it('is followed by a list when it cannot go on from where it was, and the list says what has changed', async () => {
    const { reflector, lists, watches, log: seen, pass } = await watching();
    watches[0]?.emit({ type: 'added', object: node('b', '1', '11') });
    watches[0]?.emit({ type: 'added', object: node('c', '1', '12') });
    watches[0]?.fail(failed(410));
    await pass(1_500);
    expect(lists[1]?.query).toEqual({ limit: 500 });
    lists[1]?.answer({ items: [node('b', '2', '15'), node('c', '1', '12')], resourceVersion: '20' });
    await pass(0);
    expect(seen.slice(4)).toEqual(['expired', ['a', undefined, '1'], ['b', '2', '1']]);
    expect([...reflector.objects]).toEqual([
      ['b', '2'],
      ['c', '1'],
    ]);
    expect(watches[1]?.query.resourceVersion).toBe('20');
  });

  it('is not resumed on a server that went back, which would accept it and leave things out', async () => {
    const setup = await watching();
    const { lists, watches, log: seen, pass } = setup;
    watches[0]?.fail(failed(0));
    await pass(1_500);
    expect(lists[1]?.query).toEqual({ limit: 1 });
    await resume(setup, '9');
    expect(watches).toHaveLength(1);
    await pass(2_500);
    lists[2]?.answer({ items: [], resourceVersion: '9' });
    await pass(0);
    expect(seen.slice(2)).toEqual(['error', 'expired', ['went back', '10', '9'], ['a', undefined, '1']]);
    expect(watches[1]?.query.resourceVersion).toBe('9');
  });

  it('ends, and a list is made again, when somebody knows that what was seen does not count any more', async () => {
    const { reflector, lists, watches, log: seen, pass } = await watching();
    reflector.listAnew();
    reflector.listAnew();
    watches[0]?.emit({ type: 'deleted', object: node('a', '1', '11') });
    await pass(1_500);
    expect(lists).toHaveLength(2);
    expect(watches).toHaveLength(1);
    // Not even the list under way does.
    reflector.listAnew();
    lists[1]?.answer({ items: [], resourceVersion: '10' });
    await pass(2_500);
    expect(lists[2]?.query).toEqual({ limit: 500 });
    lists[2]?.answer({ items: [node('a', '2', '10')], resourceVersion: '10' });
    await pass(0);
    expect(seen.slice(2)).toEqual(['expired', ['a', undefined, '1'], 'expired', ['a', '2', undefined]]);
    expect(watches[1]?.query.resourceVersion).toBe('10');
  });

  it('is not believed for ever when it says nothing', async () => {
    const setup = await watching();
    const { lists, watches, pass } = setup;
    watches[0]?.emit({ type: 'bookmark', resourceVersion: '10' });
    await pass(300_000);
    watches[0]?.end();
    await pass(500);
    expect(lists[1]?.query).toEqual({ limit: 500 });
  });
});

describe('run', () => {
  it('ends when it is told to, in a list, a watch and a wait alike', async () => {
    const inList = setUp();
    const inWatch = await watching();
    const inWait = setUp();
    inWait.lists[0]?.fail(failed(0));
    await inWait.pass(0);
    for (const { stop, running } of [inList, inWatch, inWait]) {
      stop();
      await running;
    }
  });

  it('changes nothing any more once it has been told to end', async () => {
    const { stop, watches, reflector, running } = await watching();
    stop();
    watches[0]?.emit({ type: 'deleted', object: node('a', '1', '11') });
    await running;
    expect(reflector.objects.size).toBe(1);
  });

  it('fails with what a handler throws on a list or an event', async () => {
    const bug = new Error('a bug');
    const onChange = () => {
      throw bug;
    };
    const onList = setUp({ onChange });
    onList.lists[0]?.answer({ items: [node('a', '1', '7')], resourceVersion: '10' });
    await expect(onList.running).rejects.toBe(bug);

    const onEvent = setUp({ onChange });
    onEvent.lists[0]?.answer({ items: [], resourceVersion: '10' });
    await onEvent.pass(0);
    onEvent.watches[0]?.emit({ type: 'added', object: node('b', '1', '11') });
    await expect(onEvent.running).rejects.toBe(bug);
  });

  it('fails with what is no failure of the API', async () => {
    const { lists, running } = setUp();
    const bug = new TypeError('a bug');
    lists[0]?.fail(bug);
    await expect(running).rejects.toBe(bug);
  });
});
