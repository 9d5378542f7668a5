import { writeFileSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createLogger } from '@checkpoint-warden/kit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKubeApi } from './client-node-api.ts';
import type { KubeApi, WatchEvent } from './kube-api.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './objects.ts';
import { PODS, type Resource } from './resource.ts';
import { type StubApiServer, startStubApiServer, writeKubeconfig } from './testing/stub-api-server.ts';

const log = createLogger({ level: 'silent', terminal: false });
const POLICIES: Resource = {
  group: 'example.com',
  version: 'v1',
  plural: 'policies',
  kind: 'Policy',
  namespaced: false,
};
const POD = { metadata: { namespace: 'shop', name: 'web-0', resourceVersion: '7' } };
const KEY = { namespace: 'shop', name: 'web-0' };
const NOT_FOUND = { kind: 'Status', reason: 'NotFound', code: 404, details: { name: 'web-0', kind: 'pods' } };
const HTML = '<html><body>404 Not Found</body></html>';
const never = new AbortController().signal;

interface Stub {
  readonly api: KubeApi;
  readonly server: StubApiServer;
}

/** Of what is to reach its time limit. */
const SHORT_MS = 300;
/** Of what is not to, on a busy machine either. */
const LONG_MS = 60_000;

interface Limits {
  readonly requestTimeoutMs?: number;
  readonly watchMarginMs?: number;
}

async function stub(
  answer: RequestListener,
  user: object = {},
  { requestTimeoutMs = LONG_MS, watchMarginMs = LONG_MS }: Limits = {},
): Promise<Stub> {
  const server = await startStubApiServer(answer, user);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const api = await createKubeApi({
    kubeconfig: server.kubeconfig,
    userAgent: 'test-agent/1',
    fieldManager: 'test-manager',
    requestTimeoutMs,
    watchMarginMs,
    log,
  });
  return { api, server };
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json', ...headers });
  response.end(isText ? body : JSON.stringify(body));
}

async function failure(call: Promise<unknown>): Promise<KubeError> {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof KubeError))
    throw new Error('the call has not failed as it should', { cause: error });
  return error;
}

describe('get', () => {
  it('gives the object as it came', async () => {
    const { api } = await stub((_, response) => send(response, 200, POD));
    expect(await api.get(PODS, KEY, never)).toEqual(POD);
  });

  it('says undefined only when the API server says that this very object does not exist', async () => {
    const { api } = await stub((_, response) => send(response, 404, NOT_FOUND));
    expect(await api.get(PODS, KEY, never)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['a page of a proxy', HTML],
    ['an empty body', ''],
    ['a resource that is not installed', '404 page not found\n'],
    ['a Status without a reason', { ...NOT_FOUND, reason: undefined }],
    ['a Status without details', { ...NOT_FOUND, details: undefined }],
    ['another reason', { ...NOT_FOUND, reason: 'Gone' }],
    ['another object', { ...NOT_FOUND, details: { name: 'web-1', kind: 'pods' } }],
    ['a namespace of that name', { ...NOT_FOUND, details: { name: 'web-0', kind: 'namespaces' } }],
    [
      'a resource of another group',
      { ...NOT_FOUND, details: { name: 'web-0', kind: 'pods', group: 'metrics.k8s.io' } },
    ],
    ['something that is no Status', { ...NOT_FOUND, kind: 'Pod' }],
  ])('does not take a 404 for absence that is about %s', async (_, body) => {
    const { api } = await stub((_request, response) => send(response, 404, body));
    const error = await failure(api.get(PODS, KEY, never));
    expect(error).toMatchObject({ status: 404, verb: 'get', resource: 'pods' });
  });

  it('does not take another status for absence, whatever the body says', async () => {
    const { api } = await stub((_, response) => send(response, 503, NOT_FOUND));
    expect(await failure(api.get(PODS, KEY, never))).toMatchObject({ status: 503 });
  });

  it.each<[string, unknown]>([
    ['another object', { metadata: { namespace: 'shop', name: 'web-1' } }],
    ['the object of that name in another namespace', { metadata: { namespace: 'shop-2', name: 'web-0' } }],
    ['a list', { kind: 'PodList', metadata: {}, items: [] }],
    ['null', null],
    ['a page of a proxy', HTML],
  ])('does not take %s for the answer', async (_, body) => {
    const { api } = await stub((_request, response) => send(response, 200, body));
    expect(await failure(api.get(PODS, KEY, never))).toMatchObject({ status: 0, retryable: true });
  });

  it('asks for the latest state, as who it is', async () => {
    const { api, server } = await stub((_, response) => send(response, 200, POD), { token: 'secret' });
    await api.get(PODS, KEY, never);
    expect(server.requests.map(({ url }) => url)).toEqual(['/api/v1/namespaces/shop/pods/web-0']);
    expect(server.requests[0]?.headers).toMatchObject({
      accept: 'application/json',
      authorization: 'Bearer secret',
      'user-agent': 'test-agent/1',
    });
  });

  it.each(['', '.', '..', 'a/b', 'a?b'])('never reads another path for the name %j', async (name) => {
    const { api, server } = await stub((_, response) => send(response, 404, NOT_FOUND));
    await failure(api.get(PODS, { ...KEY, name }, never));
    expect(server.requests[0]?.url).not.toMatch(/[?]|pods\/a\/b/);
  });

  it('uses one connection for calls in turn', async () => {
    const { api, server } = await stub((_, response) => send(response, 200, POD));
    for (let call = 0; call < 10; call++) await api.get(PODS, KEY, never);
    expect(server.accepted).toBe(1);
  });
});

describe('a refusal', () => {
  it('tells who may not do what', async () => {
    const status = { kind: 'Status', reason: 'Forbidden', message: 'pods is forbidden', code: 403 };
    const { api } = await stub((_, response) => send(response, 403, status));
    const error = await failure(api.list(PODS, { limit: 5 }, never));
    expect(error).toMatchObject({ status: 403, reason: 'Forbidden', verb: 'list', resource: 'pods' });
    expect(error.message).toContain('grant the controller');
  });

  it.each<[string, unknown, Record<string, string>, number | undefined]>([
    ['the header', 'slow down', { 'retry-after': '7' }, 7_000],
    ['the Status', { kind: 'Status', details: { retryAfterSeconds: 3 } }, {}, 3_000],
    [
      'the header rather than the Status',
      { kind: 'Status', details: { retryAfterSeconds: 3 } },
      { 'retry-after': '7' },
      7_000,
    ],
    ['nothing', 'slow down', {}, undefined],
    ['a date, which is not understood', '', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, undefined],
    ['a negative number, which is none', '', { 'retry-after': '-5' }, undefined],
  ])('says how long to wait by %s', async (_, body, headers, retryAfterMs) => {
    const { api } = await stub((_request, response) => send(response, 429, body, headers));
    const error = await failure(api.list(PODS, { limit: 5 }, never));
    expect(error).toMatchObject({ status: 429, retryable: true });
    expect(error.retryAfterMs).toBe(retryAfterMs);
  });

  it.each([301, 400, 500, 502])('is %i with a body that is no Status', async (status) => {
    const { api } = await stub((_, response) => send(response, status, HTML, { location: '/elsewhere' }));
    const error = await failure(api.get(PODS, KEY, never));
    expect(error).toMatchObject({ status, reason: '' });
    expect(error.message).toContain('404 Not Found');
  });
});

describe('a call without an answer', () => {
  it.each<[string, RequestListener]>([
    ['nothing comes', () => {}],
    ['the body stops', (_, response) => void response.writeHead(200).write('{"metadata":')],
    ['a refusal stops', (_, response) => void response.writeHead(500).write('{"kind":')],
  ])('ends at its time limit when %s', async (_, answer) => {
    const { api } = await stub(answer, {}, { requestTimeoutMs: SHORT_MS });
    const error = await failure(api.get(PODS, KEY, never));
    expect(error).toMatchObject({ status: 0, retryable: true });
    expect(error.message).toContain('within 300 ms');
  });

  it.each<[string, RequestListener]>([
    ['the connection is closed', (request) => request.socket.destroy()],
    ['it is not HTTP', (request) => request.socket.end('garbage\r\n\r\n')],
    [
      'the body is cut short',
      (request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"kind":"PodList",', () => request.socket.destroy());
      },
    ],
    ['the body is not JSON', (_, response) => send(response, 200, '{"kind":"PodList","items":[')],
  ])('fails when %s', async (_, answer) => {
    const { api } = await stub(answer);
    expect(await failure(api.list(PODS, { limit: 5 }, never))).toMatchObject({ status: 0, verb: 'list' });
  });

  it('fails when nobody listens', async () => {
    const { api, server } = await stub(() => {});
    await server[Symbol.asyncDispose]();
    expect(await failure(api.get(PODS, KEY, never))).toMatchObject({
      status: 0,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('ends with the reason of its signal, before and while it waits', async () => {
    const { api, server } = await stub(() => {});
    const reason = new Error('stopped');
    await expect(api.get(PODS, KEY, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.requests).toHaveLength(0);
    const abort = new AbortController();
    const call = api.get(PODS, KEY, abort.signal);
    const outcome = expect(call).rejects.toBe(reason);
    await expect.poll(() => server.requests.length, { timeout: LONG_MS }).toBe(1);
    abort.abort(reason);
    await outcome;
  });
});

describe('list', () => {
  it('asks for a page of a selection and gives it', async () => {
    const { api, server } = await stub((_, response) =>
      send(response, 200, {
        kind: 'PodList',
        metadata: { resourceVersion: '9', continue: 'next' },
        items: [POD],
      }),
    );
    const query = {
      namespace: 'shop',
      labelSelector: 'a=b',
      fieldSelector: 'c=d',
      limit: 5,
      continueToken: 'this',
    };
    expect(await api.list(PODS, query, never)).toEqual({
      items: [POD],
      resourceVersion: '9',
      continueToken: 'next',
    });
    expect(server.requests[0]?.url).toBe(
      '/api/v1/namespaces/shop/pods?labelSelector=a%3Db&fieldSelector=c%3Dd&limit=5&continue=this',
    );
  });

  it('reads the empty list in both forms', async () => {
    for (const items of [[], null]) {
      const { api } = await stub((_, response) =>
        send(response, 200, { kind: 'PodList', metadata: { resourceVersion: '9', continue: '' }, items }),
      );
      expect(await api.list(PODS, { limit: 5 }, never)).toEqual({ items: [], resourceVersion: '9' });
    }
  });

  it.each<[string, unknown]>([
    ['an empty object', {}],
    ['a list of something else', { kind: 'NodeList', metadata: { resourceVersion: '9' }, items: [] }],
    ['a list without items', { kind: 'PodList', metadata: { resourceVersion: '9' } }],
    ['a list without a resourceVersion', { kind: 'PodList', metadata: {}, items: [] }],
    ['a Status', { kind: 'Status', status: 'Success' }],
    ['an array', []],
  ])('does not take %s for an empty list', async (_, body) => {
    const { api } = await stub((_request, response) => send(response, 200, body));
    expect(await failure(api.list(PODS, { limit: 5 }, never))).toMatchObject({ status: 0 });
  });
});

describe('watch', () => {
  const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
  const bookmark = (resourceVersion: string) => line('BOOKMARK', { metadata: { resourceVersion } });

  async function watched(answer: RequestListener, limits?: Limits) {
    const { api, server } = await stub(answer, {}, limits);
    const events: WatchEvent<KubeObject>[] = [];
    const query = { resourceVersion: '5', timeoutSeconds: 0 };
    const outcome = await api
      .watch(PODS, query, (event) => events.push(event), never)
      .then(
        () => 'ended',
        (error: unknown) => error,
      );
    return { events, outcome, server };
  }

  it('asks for bookmarks and an end, and says first that it was accepted', async () => {
    const { events, outcome, server } = await watched((_, response) => void response.writeHead(200).end());
    expect(server.requests[0]?.url).toBe(
      '/api/v1/pods?resourceVersion=5&timeoutSeconds=0&watch=true&allowWatchBookmarks=true',
    );
    expect(events).toEqual([{ type: 'bookmark', resourceVersion: '5' }]);
    expect(outcome).toBe('ended');
  });

  it('gives events in order, however their bytes are cut', async () => {
    const named = (name: string) => ({ metadata: { name, resourceVersion: '6' } });
    const text = [
      line('ADDED', named('ä')),
      line('MODIFIED', named('b')),
      line('DELETED', named('c')),
      bookmark('9'),
    ];
    const { events, outcome } = await watched(async (_, response) => {
      response.writeHead(200);
      for (const byte of Buffer.from(text.join(''))) {
        response.write(Buffer.of(byte));
        if (byte % 16 === 0) await new Promise(setImmediate);
      }
      response.end();
    });
    expect(events.slice(1)).toEqual([
      { type: 'added', object: named('ä') },
      { type: 'modified', object: named('b') },
      { type: 'deleted', object: named('c') },
      { type: 'bookmark', resourceVersion: '9' },
    ]);
    expect(outcome).toBe('ended');
  });

  it.each<[string, string]>([
    ['no JSON', 'garbage\n'],
    ['an empty line', '\n'],
    ['no object', '7\n'],
    ['an event of an unknown type', line('RENAMED', POD)],
    ['an event without an object', '{"type":"ADDED"}\n'],
    ['an object without a name', line('ADDED', { metadata: { resourceVersion: '6' } })],
    ['an object without a resourceVersion', line('ADDED', { metadata: { name: 'a' } })],
    ['a bookmark without a resourceVersion', line('BOOKMARK', { metadata: {} })],
    ['half an event before the end', line('ADDED', POD).slice(0, 20)],
    ['an error that is none', line('ERROR', null)],
  ])('fails on %s, after the events before it and without those behind it', async (_, text) => {
    const { events, outcome } = await watched((_request, response) => {
      response.writeHead(200).end(`${bookmark('6')}${text}${text.endsWith('\n') ? bookmark('7') : ''}`);
    });
    expect(events.slice(1)).toEqual([{ type: 'bookmark', resourceVersion: '6' }]);
    expect(outcome).toBeInstanceOf(KubeError);
    expect(outcome).toMatchObject({ status: 0, verb: 'watch' });
  });

  it('fails with 410 by the status and by an event alike', async () => {
    const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
    const answers: RequestListener[] = [
      (_, response) => send(response, 410, expired),
      (_, response) => void response.writeHead(200).end(line('ERROR', expired)),
    ];
    for (const answer of answers) {
      const { outcome } = await watched(answer);
      expect(outcome).toMatchObject({ status: 410, reason: 'Expired' });
    }
  });

  it('fails when it is not accepted', async () => {
    const { outcome } = await watched(() => {}, { requestTimeoutMs: SHORT_MS });
    expect(outcome).toMatchObject({ status: 0, message: expect.stringContaining('within 300 ms') });
  });

  it.each<[string, RequestListener, string]>([
    [
      'outlives its time',
      (_, response) => void response.writeHead(200).flushHeaders(),
      'the connection is dead',
    ],
    [
      'outlives its time while bytes come',
      (request, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(bookmark('6')), 20);
        request.socket.once('close', () => clearInterval(timer));
      },
      'the connection is dead',
    ],
  ])('fails when it %s', async (_, answer, message) => {
    const { outcome } = await watched(answer, { watchMarginMs: SHORT_MS });
    expect(outcome).toMatchObject({ status: 0, message: expect.stringContaining(message) });
  });

  it('fails when the connection breaks', async () => {
    const { outcome } = await watched((request, response) => {
      response.writeHead(200).write(bookmark('6'), () => request.socket.destroy());
    });
    expect(outcome).toMatchObject({ status: 0 });
  });

  it('ends with the reason of its signal', async () => {
    const { api } = await stub((_, response) => void response.writeHead(200).flushHeaders());
    const abort = new AbortController();
    const reason = new Error('stopped');
    const query = { resourceVersion: '5', timeoutSeconds: 60 };
    await expect(api.watch(PODS, query, () => abort.abort(reason), abort.signal)).rejects.toBe(reason);
  });
});

describe('a write', () => {
  async function written(write: (api: KubeApi) => Promise<unknown>) {
    let body = '';
    const { api, server } = await stub(async (request, response) => {
      for await (const chunk of request) body += chunk;
      send(response, 200, JSON.parse(body));
    });
    await write(api);
    const { method, url, headers } = server.requests[0] ?? {};
    return { method, url, type: headers?.['content-type'], body: JSON.parse(body) };
  }

  it('creates with the type that objects of a list lack', async () => {
    expect(await written((api) => api.create(PODS, POD, never))).toEqual({
      method: 'POST',
      url: '/api/v1/namespaces/shop/pods?fieldManager=test-manager',
      type: 'application/json',
      body: { ...POD, apiVersion: 'v1', kind: 'Pod' },
    });
  });

  it('replaces one object', async () => {
    expect(await written((api) => api.replace(PODS, POD, never))).toMatchObject({
      method: 'PUT',
      url: '/api/v1/namespaces/shop/pods/web-0?fieldManager=test-manager',
    });
  });

  it('applies a status by force', async () => {
    const object = { metadata: { name: 'default' }, status: { conditions: [] } };
    expect(await written((api) => api.applyStatus(POLICIES, object, never))).toEqual({
      method: 'PATCH',
      url: '/apis/example.com/v1/policies/default/status?fieldManager=test-manager&force=true',
      type: 'application/apply-patch+yaml',
      body: { ...object, apiVersion: 'example.com/v1', kind: 'Policy' },
    });
  });

  it('tells verb and resource as RBAC names them', async () => {
    const { api } = await stub((_, response) => send(response, 403, ''));
    const object = { metadata: { name: 'default' } };
    expect(await failure(api.applyStatus(POLICIES, object, never))).toMatchObject({
      verb: 'patch',
      resource: 'policies.example.com/status',
    });
    expect(await failure(api.replace(PODS, POD, never))).toMatchObject({ verb: 'update' });
    expect(await failure(api.create(PODS, POD, never))).toMatchObject({ verb: 'create' });
  });
});

describe('credentials', () => {
  const onlyToken =
    (valid: () => string): RequestListener =>
    (request, response) => {
      const accepted = request.headers.authorization === `Bearer ${valid()}`;
      send(response, accepted ? 200 : 401, accepted ? POD : { kind: 'Status', reason: 'Unauthorized' });
    };

  it.each<[string, object]>([
    ['token file', { tokenFile: 'token' }],
    ['token file that goes before a token', { tokenFile: 'token', token: 'stale' }],
    [
      'credential plugin',
      {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: 'sh',
          args: ['-c', `printf '{"status":{"token":"%s"}}' "$(cat "$TOKEN_FILE")"`],
        },
      },
    ],
  ])('come anew from a %s when they are refused', async (_, user) => {
    let valid = 'one';
    const { api, server } = await stub(onlyToken(() => valid));
    const tokenFile = join(server.directory, 'token');
    const rotate = (token: string) => {
      valid = token;
      writeFileSync(tokenFile, `${token}\n`);
    };
    const plugin = user as { exec?: object };
    const env = [{ name: 'TOKEN_FILE', value: tokenFile }];
    writeKubeconfig(
      server.kubeconfig,
      `http://127.0.0.1:${server.port}`,
      plugin.exec === undefined ? user : { exec: { ...plugin.exec, env } },
    );
    rotate('one');
    // The stub was opened with a kubeconfig that holds no credentials.
    expect(await failure(api.get(PODS, KEY, never))).toMatchObject({ status: 401, reason: 'Unauthorized' });
    expect(await api.get(PODS, KEY, never)).toEqual(POD);
    rotate('two');
    expect(await failure(api.get(PODS, KEY, never))).toMatchObject({ status: 401 });
    expect(await api.get(PODS, KEY, never)).toEqual(POD);
  });

  it.each<[string, string, string]>([
    ['fails', 'echo cannot log in >&2; exit 1', 'cannot log in'],
    ['says nothing', 'exec sleep 30', 'within 300 ms'],
    ['says nonsense', 'echo nonsense', 'JSON'],
  ])('fail the call when their plugin %s', async (_, script, message) => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] };
    const { api, server } = await stub(
      () => {},
      { exec },
      script.includes('sleep') ? { requestTimeoutMs: SHORT_MS } : {},
    );
    expect(await failure(api.get(PODS, KEY, never))).toMatchObject({
      status: 0,
      message: expect.stringContaining(message),
    });
    expect(server.requests).toHaveLength(0);
  });

  const stubless = (kubeconfig: string) =>
    createKubeApi({ kubeconfig, userAgent: 'test', fieldManager: 'test', requestTimeoutMs: 300, log });

  it.each(['/nonexistent/kubeconfig', '/dev/null'])('are missed at once in %s', async (kubeconfig) => {
    await expect(stubless(kubeconfig)).rejects.toMatchObject({
      code: 'CW_ERR_USAGE',
      message: expect.stringContaining(kubeconfig),
    });
  });

  it('of a pod are missed at once outside of one', async () => {
    await expect(
      createKubeApi({ userAgent: 'test', fieldManager: 'test', requestTimeoutMs: 300, log }),
    ).rejects.toMatchObject({ code: 'CW_ERR_USAGE', message: expect.stringContaining('--kubeconfig') });
  });
});
