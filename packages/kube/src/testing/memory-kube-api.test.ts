import { setImmediate } from 'node:timers/promises';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../kube-api.ts';
import { KubeError } from '../kube-error.ts';
import type { Lease } from '../objects.ts';
import { LEASES, NODES, PODS } from '../resource.ts';
import { describeKubeApi, INSTALLED_LATER } from './describe-kube-api.ts';
import type { KubeCall, KubeFault } from './kube-faults.ts';
import { createMemoryApiServer } from './memory-kube-api.ts';

const { signal } = new AbortController();

describeKubeApi('in memory', async () => {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock, resources: [LEASES, NODES, INSTALLED_LATER] });
  server.put(PODS, { metadata: { namespace: 'any', name: 'any' } });
  server.put(PODS, { metadata: { namespace: 'any', name: 'other' } });
  server.compact();
  let over = false;
  const passing = (async () => {
    while (!over) {
      await setImmediate();
      clock.advance(50);
    }
  })();
  const cleanUp = async () => {
    over = true;
    await passing;
  };
  return { api: server.client(), namespace: 'conformance', cleanUp };
});

const key = { namespace: 'ns', name: 'lease' };
const lease = (holderIdentity: string): Lease => ({ metadata: key, spec: { holderIdentity } });

function makeServer(faults?: (call: KubeCall) => KubeFault) {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock, historyLength: 3 });
  const api = server.client(faults);
  /** Lets time pass in small steps, with all that follows from each. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await setImmediate();
      clock.advance(500);
    }
    await setImmediate();
  }
  /** A watch on leases, with what has come of it so far. */
  function watch(resourceVersion: string) {
    const events: WatchEvent<Lease>[] = [];
    const state: { events: typeof events; end?: unknown } = { events };
    api
      .watch(LEASES, { resourceVersion, timeoutSeconds: 300 }, (event) => events.push(event), signal)
      .then(
        () => Object.assign(state, { end: 'clean' }),
        (end) => Object.assign(state, { end }),
      );
    return state;
  }
  return { clock, server, api, pass, watch };
}

const error = new KubeError({
  verb: 'create',
  resource: 'leases',
  status: 500,
  reason: 'InternalError',
  message: '',
});

describe('faults of a memory client', () => {
  it('fail a call before it takes effect, or after', async () => {
    const faults: KubeFault[] = [{ error }, { error, afterEffect: true }];
    const { server, api } = makeServer(() => faults.shift() ?? 'ok');
    await expect(api.create(LEASES, lease('a'), signal)).rejects.toBe(error);
    expect(server.objects(LEASES)).toEqual([]);
    await expect(api.create(LEASES, lease('b'), signal)).rejects.toBe(error);
    expect(server.objects(LEASES)).toHaveLength(1);
  });

  it('let a call that hangs end by its time limit, without effect', async () => {
    const { server, api, pass } = makeServer(() => 'hang');
    const call = expect(api.create(LEASES, lease('a'), signal)).rejects.toMatchObject({ status: 0 });
    await pass(10_000);
    await call;
    expect(server.objects(LEASES)).toEqual([]);
  });

  it('let a call arrive late, even after its caller has given up', async () => {
    const { server, api, pass } = makeServer(() => ({ delayMs: 20_000 }));
    const call = expect(api.create(LEASES, lease('a'), signal)).rejects.toMatchObject({ status: 0 });
    await pass(10_000);
    await call;
    expect(server.objects(LEASES)).toEqual([]);
    await pass(10_000);
    expect(server.objects(LEASES)).toHaveLength(1);
  });

  it('let an answer arrive late', async () => {
    const { server, api, pass } = makeServer(() => ({ delayMs: 2_000, afterEffect: true }));
    let answered = false;
    const call = api.create(LEASES, lease('a'), signal).then(() => {
      answered = true;
    });
    await pass(1_500);
    expect([server.objects(LEASES).length, answered]).toEqual([1, false]);
    await pass(500);
    await call;
  });

  it('let the events of a watch arrive late and in order', async () => {
    const { server, watch, pass } = makeServer(() => ({ delayMs: 5_000 }));
    const watched = watch('0');
    await pass(0);
    server.put(LEASES, lease('a'));
    server.put(LEASES, lease('b'));
    await pass(4_500);
    expect(watched.events).toEqual([]);
    await pass(500);
    expect(watched.events.map(({ type }) => type)).toEqual(['added', 'modified']);
  });

  it('let a watch that hangs end after its timeout and a margin', async () => {
    const { server, watch, pass } = makeServer(() => 'hang');
    const watched = watch('0');
    server.put(LEASES, lease('a'));
    await pass(329_500);
    expect(watched).toEqual({ events: [] });
    await pass(500);
    expect(watched).toMatchObject({ events: [], end: { status: 0 } });
  });
});

describe('the memory API server', () => {
  it('remembers only so many changes', async () => {
    const { server, watch, pass } = makeServer();
    for (const holder of ['1', '2', '3', '4', '5']) server.put(LEASES, lease(holder));
    const [tooOld, oldEnough] = [watch('1'), watch('2')];
    await pass(0);
    expect(tooOld.end).toMatchObject({ status: 410, reason: 'Expired' });
    expect(oldEnough.events).toHaveLength(3);
  });

  it('expires versions and continue tokens when it compacts', async () => {
    const { server, api, watch, pass } = makeServer();
    for (const name of ['a', 'b']) server.put(LEASES, { metadata: { namespace: 'ns', name } });
    const { continueToken = '' } = await api.list(LEASES, { limit: 1 }, signal);
    server.compact();
    const expired = { status: 410, reason: 'Expired' };
    await expect(api.list(LEASES, { limit: 1, continueToken }, signal)).rejects.toMatchObject(expired);
    const [before, now] = [watch('1'), watch('2')];
    await pass(0);
    expect(before.end).toMatchObject(expired);
    expect(now).toEqual({ events: [] });
  });

  it('breaks watches cleanly or with an error', async () => {
    const { server, watch, pass } = makeServer();
    const first = watch('0');
    await pass(0);
    server.breakWatches('clean', server.client());
    await pass(0);
    expect(first).toEqual({ events: [] });
    server.breakWatches('clean');
    const second = watch('0');
    await pass(0);
    server.breakWatches('error');
    await pass(0);
    expect([first.end, second.end]).toEqual(['clean', expect.objectContaining({ status: 0 })]);
  });

  it('goes back to a backup, and leaves a watch from the lost future in silence until it has come by', async () => {
    const { server, watch, pass } = makeServer();
    server.put(LEASES, lease('kept'));
    const backup = server.snapshot();
    server.put(LEASES, lease('lost'));
    server.put(PODS, { metadata: { namespace: 'ns', name: 'lost' } });
    const open = watch('3');
    await pass(0);
    server.restore(backup);
    await pass(0);
    expect(open.end).toMatchObject({ status: 0 });
    expect(server.objects(LEASES)).toMatchObject([{ spec: { holderIdentity: 'kept' } }]);
    expect(server.objects(PODS)).toEqual([]);
    const fromTheFuture = watch('3');
    await pass(0);
    for (const holder of ['2', '3', '4']) server.put(LEASES, lease(holder));
    await pass(0);
    expect(fromTheFuture.events).toMatchObject([{ object: { spec: { holderIdentity: '4' } } }]);
  });

  it('counts a generation with each change of the spec, and makes no version of a write that changes nothing', async () => {
    const { server, api } = makeServer();
    const created = await api.create(LEASES, lease('a'), signal);
    const same = await api.replace(LEASES, created, signal);
    expect(same).toEqual(created);
    const labelled = await api.replace(
      LEASES,
      { ...same, metadata: { ...same.metadata, labels: { a: 'b' } } },
      signal,
    );
    expect(labelled.metadata.generation).toBe(1);
    const changed = server.put(LEASES, { ...labelled, spec: { holderIdentity: 'b' } });
    expect(changed.metadata).toMatchObject({ generation: 2, resourceVersion: '3' });
  });

  it('gives an object that is made anew another uid, and whole seconds of creation', async () => {
    const { server, clock } = makeServer();
    clock.setWall(Date.UTC(2026, 0, 1, 0, 0, 1, 234));
    const first = server.put(LEASES, lease('a'));
    server.remove(LEASES, key);
    const second = server.put(LEASES, lease('a'));
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(second.metadata.creationTimestamp).toBe('2026-01-01T00:00:01Z');
  });
});
