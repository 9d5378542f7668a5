import { setImmediate } from 'node:timers/promises';
import { createLogger } from '@checkpoint-warden/kit';
import { type ManualClock, manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KubeError } from '../kube-error.ts';
import type { Lease } from '../objects.ts';
import { LEASES } from '../resource.ts';
import { crashable } from '../testing/crashable.ts';
import type { KubeCall, KubeFault, KubeFaults } from '../testing/kube-faults.ts';
import { createMemoryApiServer, type MemoryApiServer } from '../testing/memory-kube-api.ts';
import type { Leadership, WentBack } from './leadership.ts';
import { createElector } from './lease-elector.ts';

const log = createLogger({ level: 'silent', terminal: false });
const key = { namespace: 'system', name: 'controller' };
const START_MS = Date.UTC(2026, 0, 1);
const lost = new KubeError({ verb: 'update', resource: 'leases', status: 0, reason: '', message: 'lost' });

const SUPERSEDED = { code: 'CW_ERR_STALE_REVISION' };

let clock: ManualClock;
let server: MemoryApiServer;
let stopAll: AbortController;
let running: Promise<unknown>[];

beforeEach(() => {
  clock = manualClock(START_MS);
  server = createMemoryApiServer({ clock });
  stopAll = new AbortController();
  running = [];
});
afterEach(async () => {
  stopAll.abort();
  await pass(20_000);
  await Promise.all(running);
});

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await setImmediate();
    clock.advance(100);
  }
  await setImmediate();
}

function lease(): Lease {
  const [only] = server.objects(LEASES);
  if (only === undefined) throw new Error('there is no Lease');
  return only;
}

/** Writes the Lease as somebody else would. */
function edit(spec: Lease['spec'], annotations?: Record<string, string>): void {
  const { metadata, ...rest } = lease();
  server.put(LEASES, {
    ...rest,
    metadata: annotations === undefined ? metadata : { ...metadata, annotations },
    spec: { ...rest.spec, ...spec },
  });
}

const untilAborted: (leadership: Leadership) => Promise<void> = ({ signal }) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

interface StartOptions {
  readonly faults?: KubeFaults;
  readonly work?: (leadership: Leadership) => Promise<void>;
}

function start(identity: string, { faults, work = untilAborted }: StartOptions = {}) {
  const stop = new AbortController();
  const process = crashable(server.client(faults), clock);
  const terms: Leadership[] = [];
  const wentBack: WentBack[] = [];
  const elector = createElector({
    ...key,
    api: process.api,
    clock: process.clock,
    random: () => 0.5,
    log,
    identity,
    lead(leadership) {
      terms.push(leadership);
      return work(leadership);
    },
    onWentBack: (facts) => wentBack.push(facts),
  });
  const ended = elector.run(AbortSignal.any([stop.signal, stopAll.signal])).then(
    () => 'stopped',
    (error: unknown) => error,
  );
  const self = {
    elector,
    terms,
    wentBack,
    ended,
    stop: () => stop.abort(),
    crash: () => process.crash(),
    /** The leadership of now. */
    get term(): Leadership {
      const term = terms.at(-1);
      if (term === undefined || !elector.leading) throw new Error(`${identity} does not lead`);
      return term;
    },
  };
  running.push(Promise.race([ended, until(() => process.crashed)]));
  return self;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

/** Faults that can be changed while they act; those of one verb only. */
function faultsOf(verb: KubeCall['verb']) {
  const next: KubeFault[] = [];
  const state = {
    always: 'ok' as KubeFault,
    next,
    faults: (call: KubeCall): KubeFault => (call.verb === verb ? (next.shift() ?? state.always) : 'ok'),
  };
  return state;
}

describe('a candidate', () => {
  it('creates the Lease where there is none and leads', async () => {
    const { elector, term } = await startAndLead('a');
    expect(elector.leading).toBe(true);
    expect(lease().spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
    });
    expect(term.epoch).toEqual({ leaseCreatedMs: START_MS, leaseTransitions: 0 });
  });

  it('leaves a Lease alone that another renews', async () => {
    await startAndLead('a');
    const b = start('b');
    await pass(60_000);
    expect([b.terms.length, lease().spec?.holderIdentity]).toEqual([0, 'a']);
  });

  it('takes a Lease over that has not changed for its duration since it was first seen', async () => {
    const a = await startAndLead('a');
    a.crash();
    // Long out of date by its times, and that counts for nothing.
    clock.setWall(START_MS + 3_600_000);
    await pass(5_000);
    const b = start('b');
    await pass(15_000);
    expect(b.elector.leading).toBe(false);
    await pass(2_000);
    expect(b.term.epoch).toEqual({ leaseCreatedMs: START_MS, leaseTransitions: 1 });
  });

  it('waits as long as the holder asked for when that is longer than its own duration', async () => {
    const a = await startAndLead('a');
    a.crash();
    edit({ leaseDurationSeconds: 40 });
    const b = start('b');
    await pass(39_000);
    expect(b.elector.leading).toBe(false);
    await pass(3_000);
    expect(b.elector.leading).toBe(true);
  });

  it('with the identity of a former holder waits and begins another epoch', async () => {
    const a = await startAndLead('a');
    a.crash();
    const again = start('a');
    await pass(14_000);
    expect(again.elector.leading).toBe(false);
    await pass(4_000);
    expect(again.term.epoch.leaseTransitions).toBe(1);
  });

  it('leads though the answer to its first write was lost', async () => {
    const create = faultsOf('create');
    create.next.push({ error: lost, afterEffect: true });
    const a = start('a', create);
    await pass(2_000);
    expect(a.term.epoch.leaseTransitions).toBe(1);
  });

  it('that is stopped while its first write is under way does not keep the Lease', async () => {
    const create = faultsOf('create');
    create.next.push({ delayMs: 4_000, afterEffect: true });
    const a = start('a', create);
    await pass(1_000);
    a.stop();
    await a.ended;
    expect(lease().spec?.holderIdentity).toBe('');
  });

  it('waits when the Lease vanishes that somebody had', async () => {
    const a = await startAndLead('a');
    const b = start('b');
    await pass(3_000);
    a.crash();
    server.remove(LEASES, key);
    await pass(14_000);
    expect(b.elector.leading).toBe(false);
    await pass(4_000);
    expect(b.term.epoch.leaseTransitions).toBe(0);
  });
});

describe('a leader', () => {
  it('renews and stays in its epoch', async () => {
    const { terms, term } = await startAndLead('a');
    await pass(600_000);
    expect([terms.length, term.signal.aborted, term.epoch.leaseTransitions]).toEqual([1, false, 0]);
    expect(lease().spec?.renewTime).toBe('2026-01-01T00:10:00.000000Z');
  });

  it.each<[string, KubeFault]>([
    ['hang', 'hang'],
    ['fail', { error: lost }],
    ['take effect but are never answered', { error: lost, afterEffect: true }],
  ])(
    'stops when its renewals %s, counted from the beginning of the last that succeeded',
    async (_, fault) => {
      const update = faultsOf('update');
      const a = await startAndLead('a', update);
      // The last that succeeds begins at 2 s and is answered after 3.
      update.next.push({ delayMs: 3_000, afterEffect: true });
      update.always = fault;
      const { signal } = a.term;
      await pass(11_900 - clock.monotonicMs());
      expect([a.elector.leading, signal.aborted]).toEqual([true, false]);
      await pass(200);
      expect([a.elector.leading, signal.aborted]).toEqual([false, true]);
    },
  );

  it('is none by the clock when its timers are late', async () => {
    const a = await startAndLead('a');
    const { signal } = a.term;
    clock.advance(10_000);
    expect([a.elector.leading, signal.aborted]).toEqual([false, false]);
    await setImmediate();
  });

  it('goes on when answers to renewals are lost now and then', async () => {
    const update = faultsOf('update');
    const a = await startAndLead('a', update);
    for (let round = 0; round < 20; round += 1) {
      update.next.push({ error: lost, afterEffect: true }, 'hang');
      await pass(10_000);
    }
    expect([a.terms.length, a.term.epoch.leaseTransitions, a.wentBack]).toEqual([1, 0, []]);
  });

  it('goes on when somebody else edits the Lease', async () => {
    const a = await startAndLead('a');
    edit({}, { note: 'looked at' });
    await pass(10_000);
    expect([a.terms.length, a.term.annotations, a.wentBack]).toEqual([1, { note: 'looked at' }, []]);
  });

  it.each<[string, () => void]>([
    ['another has the Lease', () => edit({ holderIdentity: 'b', leaseTransitions: 1 })],
    ['another with its name has the Lease', () => edit({ leaseTransitions: 1 })],
    ['the Lease was deleted', () => server.remove(LEASES, key)],
  ])('stops at its next renewal when %s', async (_, change) => {
    const a = await startAndLead('a');
    const { signal } = a.term;
    change();
    await pass(2_000);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject(SUPERSEDED);
  });

  it('that is stopped gives the Lease away only when its work has ended', async () => {
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    const a = await startAndLead('a', { work: () => promise });
    const b = start('b');
    a.stop();
    await pass(3_000);
    expect([a.elector.leading, b.elector.leading, lease().spec?.holderIdentity]).toEqual([false, false, 'a']);
    finish();
    expect(await a.ended).toBe('stopped');
    expect(lease().spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
    await pass(2_000);
    expect(b.term.epoch.leaseTransitions).toBe(1);
  });

  it.each<[string, () => Promise<void>, object]>([
    ['ends', async () => {}, { code: 'CW_ERR_INTERNAL' }],
    ['fails', () => Promise.reject(new Error('a bug')), { message: 'a bug' }],
  ])('whose work %s gives the Lease away and fails', async (_, work, expected) => {
    const a = start('a', { work });
    expect(await a.ended).toMatchObject(expected);
    expect(lease().spec?.holderIdentity).toBe('');
  });

  it('confirms that it leads with a look at the Lease', async () => {
    const get = faultsOf('get');
    const a = await startAndLead('a', get);
    expect(await a.term.confirm()).toBe(true);
    get.next.push({ error: lost });
    expect(await a.term.confirm()).toBe(false);
    const { term } = a;
    edit({ holderIdentity: 'b', leaseTransitions: 1 });
    expect(await term.confirm()).toBe(false);
    expect(term.signal.aborted).toBe(true);
  });

  it('writes annotations, which the next leader finds', async () => {
    const a = await startAndLead('a');
    await a.term.annotate('revision', '7');
    await pass(10_000);
    expect(a.term.annotations).toEqual({ revision: '7' });
    a.stop();
    await a.ended;
    const b = await startAndLead('b');
    expect(b.term.annotations).toEqual({ revision: '7' });
  });

  it('does not write annotations of a Lease that another has', async () => {
    const { term } = await startAndLead('a');
    edit({ holderIdentity: 'b', leaseTransitions: 1 });
    await expect(term.annotate('revision', '7')).rejects.toMatchObject(SUPERSEDED);
    expect(lease().metadata.annotations).toBeUndefined();
  });
});

describe('an epoch', () => {
  it('is raised above one that was accepted, also when the answer is lost', async () => {
    const update = faultsOf('update');
    const { term } = await startAndLead('a', update);
    const created = term.epoch.leaseCreatedMs;
    const raised = { leaseCreatedMs: created, leaseTransitions: 8 };
    expect(await term.raiseEpoch({ leaseCreatedMs: created, leaseTransitions: 7 })).toEqual(raised);
    expect([term.epoch, lease().spec?.leaseTransitions]).toEqual([raised, 8]);
    update.next.push({ error: lost, afterEffect: true });
    await expect(term.raiseEpoch({ leaseCreatedMs: created, leaseTransitions: 20 })).rejects.toBe(lost);
    await pass(2_000);
    expect([term.epoch.leaseTransitions, term.signal.aborted]).toEqual([21, false]);
  });

  it('is left alone when it is newer already', async () => {
    const { term } = await startAndLead('a');
    const older = { leaseCreatedMs: term.epoch.leaseCreatedMs - 1000, leaseTransitions: 50 };
    const { resourceVersion } = lease().metadata;
    expect(await term.raiseEpoch(older)).toEqual({ leaseCreatedMs: START_MS, leaseTransitions: 0 });
    expect(lease().metadata.resourceVersion).toBe(resourceVersion);
  });

  it('cannot be raised above that of a Lease that was created later', async () => {
    const { term } = await startAndLead('a');
    const later = { leaseCreatedMs: term.epoch.leaseCreatedMs + 1000, leaseTransitions: 0 };
    await expect(term.raiseEpoch(later)).rejects.toMatchObject({ code: 'CW_ERR_STALE_REVISION' });
  });

  it('is not raised by who has lost the Lease', async () => {
    const { term } = await startAndLead('a');
    edit({ holderIdentity: 'b', leaseTransitions: 1 });
    await expect(term.raiseEpoch(term.epoch)).rejects.toMatchObject(SUPERSEDED);
    expect(lease().spec?.leaseTransitions).toBe(1);
  });
});

describe('after a restore of etcd', () => {
  it('a leader that finds its own older Lease says so and goes on', async () => {
    const a = await startAndLead('a');
    const backup = server.snapshot();
    await pass(10_000);
    server.restore(backup);
    await pass(3_000);
    expect([a.terms.length, a.elector.leading]).toEqual([1, true]);
    expect(a.wentBack).toMatchObject([{ found: { holderIdentity: 'a', epoch: { leaseTransitions: 0 } } }]);
  });

  it('a leader that finds the Lease of its predecessor says so and stops', async () => {
    const a = await startAndLead('a');
    const backup = server.snapshot();
    a.stop();
    await a.ended;
    const b = await startAndLead('b');
    const { signal } = b.term;
    server.restore(backup);
    await pass(2_000);
    expect(signal.aborted).toBe(true);
    expect(b.wentBack).toMatchObject([
      {
        wrote: { epoch: { leaseTransitions: 1 } },
        found: { holderIdentity: 'a', epoch: { leaseTransitions: 0 } },
      },
    ]);
  });

  it('a leader does not take the write of another for its own, though it has the very resourceVersion that it knows', async () => {
    const backup = server.snapshot();
    const a = await startAndLead('a');
    const { term } = a;
    const known = lease();
    server.restore(backup);
    server.put(LEASES, { ...known, spec: { ...known.spec, holderIdentity: 'b' } });
    while (lease().metadata.resourceVersion !== known.metadata.resourceVersion) edit({ holderIdentity: 'b' });
    expect(await term.confirm()).toBe(false);
    expect([term.signal.aborted, lease().spec?.holderIdentity]).toEqual([true, 'b']);
  });

  it('a candidate does not take a Lease that is renewed, though it comes upon the same resourceVersion again', async () => {
    const leader = start('a');
    await pass(1_000);
    const backup = server.snapshot();
    await pass(20_000);
    let isSeen = (_: string | undefined) => true;
    const fault = { error: lost };
    const other = start('b', { faults: () => (isSeen(lease().metadata.resourceVersion) ? 'ok' : fault) });
    const seen = lease().metadata.resourceVersion;
    await pass(100);
    isSeen = (version) => version === seen;
    server.restore(backup);
    await pass(60_000);
    expect([leader.elector.leading, other.terms]).toEqual([true, []]);
  });

  it('a candidate does not trust that nobody has the Lease', async () => {
    const a = await startAndLead('a');
    a.stop();
    await a.ended;
    const backup = server.snapshot();
    const b = await startAndLead('b');
    const c = start('c');
    await pass(3_000);
    b.crash();
    server.restore(backup);
    await pass(14_000);
    expect([lease().spec?.holderIdentity, c.elector.leading]).toEqual(['', false]);
    await pass(4_000);
    expect(c.elector.leading).toBe(true);
  });
});

async function startAndLead(...how: Parameters<typeof start>) {
  const started = start(...how);
  for (let waited = 0; !started.elector.leading && waited < 5_000; waited += 100) await pass(100);
  return started;
}
