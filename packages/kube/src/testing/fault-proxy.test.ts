import { createLogger } from '@checkpoint-warden/kit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKubeApi } from '../client-node-api.ts';
import type { KubeApi } from '../kube-api.ts';
import { KubeError } from '../kube-error.ts';
import { NODES } from '../resource.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { startStubApiServer, writeKubeconfig } from './stub-api-server.ts';

const never = new AbortController().signal;
const NODE = { metadata: { name: 'node1' } };

/** Of calls that are to reach it, and of those that are not to, on a busy machine either. */
const SHORT_MS = 1_000;
const LONG_MS = 60_000;

async function setUp(): Promise<{ api: KubeApi; hasty: KubeApi; proxy: FaultProxy }> {
  const server = await startStubApiServer((request, response) => {
    response.writeHead(200);
    if (request.url?.includes('watch=true')) response.flushHeaders();
    else response.end(JSON.stringify(NODE));
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const proxy = await startFaultProxy({ host: '127.0.0.1', port: server.port });
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  writeKubeconfig(server.kubeconfig, `http://127.0.0.1:${proxy.port}`);
  const open = (requestTimeoutMs: number) =>
    createKubeApi({
      kubeconfig: server.kubeconfig,
      userAgent: 'test',
      fieldManager: 'test',
      requestTimeoutMs,
      watchMarginMs: 300,
      log: createLogger({ level: 'silent', terminal: false }),
    });
  return { api: await open(LONG_MS), hasty: await open(SHORT_MS), proxy };
}

const get = (api: KubeApi) => api.get(NODES, { name: 'node1' }, never).catch((error: unknown) => error);

/** Opens a watch and gives its end once it has been accepted. */
async function openWatch(api: KubeApi, timeoutSeconds: number): Promise<{ ended: Promise<unknown> }> {
  const accepted = Promise.withResolvers<void>();
  const query = { resourceVersion: '1', timeoutSeconds };
  const ended = api
    .watch(NODES, query, () => accepted.resolve(), never)
    .then(
      () => 'ended',
      (error: unknown) => error,
    );
  await accepted.promise;
  return { ended };
}

describe('a proxy before the API server', () => {
  it('lets everything through', async () => {
    const { api, proxy } = await setUp();
    expect(await get(api)).toEqual(NODE);
    expect(proxy).toMatchObject({ accepted: 1, open: 1 });
  });

  it.each<['cut' | 'halfClose']>([['cut'], ['halfClose']])(
    'that does %s ends watches with an error at once',
    async (how) => {
      const { api, proxy } = await setUp();
      const { ended } = await openWatch(api, 60);
      proxy[how]();
      expect(await ended).toMatchObject({ status: 0, verb: 'watch' });
      expect(await get(api)).toEqual(NODE);
    },
  );

  it('that stalls ends watches with an error after their time, and calls after theirs', async () => {
    const { api, hasty, proxy } = await setUp();
    const { ended } = await openWatch(api, 0);
    proxy.setFault({ kind: 'stall' });
    expect(await ended).toMatchObject({ status: 0, message: expect.stringContaining('is dead') });
    expect(await get(hasty)).toMatchObject({ status: 0, message: expect.stringContaining('within 1000 ms') });
    proxy.setFault({ kind: 'none' });
    expect(await get(api)).toEqual(NODE);
  });

  it('that is slow only delays', async () => {
    const { api, proxy } = await setUp();
    proxy.setFault({ kind: 'delay', ms: 20 });
    expect(await get(api)).toEqual(NODE);
  });

  it('that refuses connections is no answer', async () => {
    const { api, proxy } = await setUp();
    proxy.setFault({ kind: 'refuse' });
    expect(await get(api)).toBeInstanceOf(KubeError);
    proxy.setFault({ kind: 'none' });
    expect(await get(api)).toEqual(NODE);
  });
});
