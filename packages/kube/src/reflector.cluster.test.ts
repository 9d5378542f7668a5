import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createLogger, systemClock } from '@checkpoint-warden/kit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createKubeApi } from './client-node-api.ts';
import type { KubeApi } from './kube-api.ts';
import type { Lease } from './objects.ts';
import { createReflector, type RestartReason } from './reflector.ts';
import { LEASES } from './resource.ts';
import { type FaultProxy, startFaultProxy } from './testing/fault-proxy.ts';

const log = createLogger({ level: 'silent', terminal: false });
const never = new AbortController().signal;
const namespace = 'default';
/** Time goes faster in the reflector: its waits of 1 to 30 s are 0.05 to 1.5 s here. */
const FASTER = 20;
const fastClock: Clock = {
  nowMs: systemClock.nowMs,
  monotonicMs: () => systemClock.monotonicMs() * FASTER,
  sleep: (ms, signal) => systemClock.sleep(ms / FASTER, signal),
};

/** For an answer, and for the server to end a watch that is to end. On a busy machine both may take seconds. */
const PATIENCE_MS = 30_000;
/** Where no answer is to come. */
const SHORT_PATIENCE_MS = 2_000;
/** Far more than anything takes: a limit against hanging. */
const DEADLINE = { timeout: 120_000, interval: 20 };

/** A way to the API server of the run that goes through a proxy, and one that does not. */
interface Setup {
  readonly direct: KubeApi;
  readonly proxied: KubeApi;
  readonly proxy: FaultProxy;
}

let folder: string;
let kubeconfig: string;
beforeAll(() => {
  kubeconfig = process.env.KUBECONFIG ?? '';
  folder = mkdtempSync(join(tmpdir(), 'reflector-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function connect(file: string, patienceMs = PATIENCE_MS): Promise<KubeApi> {
  const patience = { requestTimeoutMs: patienceMs, watchMarginMs: patienceMs };
  return createKubeApi({ kubeconfig: file, userAgent: 'test', fieldManager: 'test', ...patience, log });
}

async function setUp(patienceMs = PATIENCE_MS): Promise<Setup> {
  const text = readFileSync(kubeconfig, 'utf8');
  const [, server = ''] = /"?server"?: *"?([^",\s]+)/.exec(text) ?? [];
  const { hostname, port } = new URL(server);
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const file = join(folder, randomUUID());
  writeFileSync(file, text.replace(server, `https://127.0.0.1:${proxy.port}`), { mode: 0o600 });
  return { direct: await connect(kubeconfig), proxied: await connect(file, patienceMs), proxy };
}

/** Follows leases of this test alone. */
function follow(api: KubeApi, watchSeconds: { min: number; max: number }) {
  const test = randomUUID();
  const restarts: RestartReason[] = [];
  const reflector = createReflector({
    api,
    resource: LEASES,
    selection: { namespace, labelSelector: `test=${test}` },
    slim: ({ metadata, spec }) => ({ name: metadata.name, holder: spec?.holderIdentity }),
    onRestart: (reason) => restarts.push(reason),
    pageSize: 2,
    watchSeconds,
    clock: fastClock,
    random: () => 0.5,
    log,
  });
  const abort = new AbortController();
  const running = reflector.run(abort.signal);
  onTestFinished(async () => {
    abort.abort();
    await running;
  });
  let written = 0;
  const write = (direct: KubeApi): Promise<Lease> =>
    direct.create(
      LEASES,
      {
        metadata: { namespace, name: `${test}-${written++}`, labels: { test } },
        spec: { holderIdentity: `holder-${written}` },
      },
      never,
    );
  const names = () => [...reflector.objects.values()].map(({ name }) => name).sort();
  const expected = () => Array.from({ length: written }, (_, index) => `${test}-${index}`).sort();
  /** Waits until the reflector shows all that was written. */
  const converged = () => expect.poll(names, DEADLINE).toEqual(expected());
  return { reflector, restarts, write, converged, names };
}

const LONG = { min: 60, max: 60 };

describe('a reflector on an API server', () => {
  it('reads a list of several pages and follows what changes', async () => {
    const { direct, proxied } = await setUp();
    const { reflector, write, converged } = follow(proxied, LONG);
    for (let count = 0; count < 5; count++) await write(direct);
    await converged();
    const last = await write(direct);
    await converged();
    await direct.replace(LEASES, { ...last, spec: { ...last.spec, holderIdentity: 'other' } }, never);
    const key = `${namespace}/${last.metadata.name}`;
    await expect.poll(() => reflector.objects.get(key)?.holder, DEADLINE).toBe('other');
  });

  it.each<['cut' | 'halfClose']>([['cut'], ['halfClose']])(
    'misses nothing when a proxy does %s again and again',
    async (how) => {
      const { direct, proxied, proxy } = await setUp();
      const { reflector, restarts, write, converged } = follow(proxied, LONG);
      await reflector.whenSynced(AbortSignal.timeout(DEADLINE.timeout));
      const before = proxy.accepted;
      for (let round = 0; round < 4; round++) {
        await write(direct);
        proxy[how]();
        await write(direct);
        await converged();
      }
      await expect.poll(() => reflector.trouble, DEADLINE).toBeUndefined();
      // Two a round at most: the look at how far the server is, and the watch.
      expect(proxy.accepted - before).toBeLessThanOrEqual(8);
      expect(restarts).not.toContain('list-failed');
    },
  );

  it('keeps what it knows, says that it is in doubt and makes no storm while nothing gets through', async () => {
    const { direct, proxied, proxy } = await setUp();
    const { reflector, write, converged, names } = follow(proxied, LONG);
    await write(direct);
    await converged();
    const known = names();
    proxy.setFault({ kind: 'refuse' });
    proxy.cut();
    const before = proxy.accepted;
    await expect.poll(() => reflector.trouble?.status, DEADLINE).toBe(0);
    await expect.poll(() => proxy.accepted - before, DEADLINE).toBeGreaterThanOrEqual(3);
    // 1.5, 2.5, 4.5, 8.5, 15.5 s of the reflector's time: in so much of ours there are no more.
    expect(proxy.accepted - before).toBeLessThanOrEqual(6);
    expect(names()).toEqual(known);
    expect(reflector.synced).toBe(true);
    await write(direct);
    proxy.setFault({ kind: 'none' });
    await converged();
    await expect.poll(() => reflector.trouble, DEADLINE).toBeUndefined();
  });

  it('finds out that a connection is dead on which nothing comes any more', async () => {
    const { direct, proxied, proxy } = await setUp(SHORT_PATIENCE_MS);
    const { reflector, restarts, write, converged } = follow(proxied, { min: 1, max: 1 });
    await reflector.whenSynced(AbortSignal.timeout(DEADLINE.timeout));
    proxy.setFault({ kind: 'stall' });
    await write(direct);
    await expect.poll(() => reflector.trouble?.status, DEADLINE).toBe(0);
    expect(restarts).toContain('error');
    proxy.setFault({ kind: 'none' });
    await converged();
    await expect.poll(() => reflector.trouble, DEADLINE).toBeUndefined();
  });

  it('follows over a slow network', async () => {
    const { direct, proxied, proxy } = await setUp();
    const { write, converged } = follow(proxied, LONG);
    proxy.setFault({ kind: 'delay', ms: 30 });
    for (let count = 0; count < 5; count++) await write(direct);
    await converged();
  });

  it('goes on over the ends that the server sets, without a list', async () => {
    const { direct, proxied } = await setUp();
    const { reflector, restarts, write, converged } = follow(proxied, { min: 1, max: 1 });
    await reflector.whenSynced(AbortSignal.timeout(DEADLINE.timeout));
    await expect.poll(() => restarts.length, DEADLINE).toBeGreaterThanOrEqual(3);
    await write(direct);
    await converged();
    expect(new Set(restarts)).toEqual(new Set(['ended']));
    expect(reflector.trouble).toBeUndefined();
  });
});
