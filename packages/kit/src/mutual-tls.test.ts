import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpServer } from './http-server.ts';
import { createHttpsClient } from './https-client.ts';
import { listen } from './listen.ts';
import { createLogger } from './logger.ts';
import { PEER_NAMES } from './peer-certificate.ts';
import {
  type CertificatePair,
  makeAuthority,
  makeCertificates,
  mountTlsSecret,
  type TestCertificates,
} from './testing.ts';
import { openTlsFiles } from './tls-files.ts';
import { loadTlsSet } from './tls-set.ts';

const DEADLINE = { timeout: 20_000 };

let certificates: TestCertificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});

let dir: string;
let stop: AbortController;
let running: Promise<unknown>;
let url: string;
let port: number;
/** Lets `/v1/slow` answer. */
let answerSlow: () => void;
let slowCalls: number;

/** An agent's server that runs on loopback, with its TLS files in `dir`. */
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cw-tls-'));
  mountTlsSecret(dir, certificates.authority.cert, certificates.agent);
  const silent = createLogger({ level: 'silent', terminal: false });
  const files = openTlsFiles(dir, { log: silent, pollIntervalMs: 5 });
  const app = createHttpServer({ log: silent, tls: { files, peer: PEER_NAMES.controller } });
  app.get('/v1/state', async (_request, reply) => {
    reply.header('X-Note', ['one', 'two']);
    return { ok: true };
  });
  const slow = Promise.withResolvers<object>();
  answerSlow = () => slow.resolve({});
  slowCalls = 0;
  app.get('/v1/slow', async () => {
    slowCalls += 1;
    return slow.promise;
  });
  app.put('/v1/echo', async (call) => call.body);
  stop = new AbortController();
  running = Promise.all([
    files.run(stop.signal),
    listen(app, { name: 'api', address: { host: '127.0.0.1', port: 0 }, graceMs: 1_000 }).run(stop.signal),
  ]);
  await vi.waitUntil(() => app.server.listening, DEADLINE);
  port = (app.server.address() as { port: number }).port;
  url = `https://127.0.0.1:${port}`;
});

afterEach(async () => {
  stop.abort();
  await running;
  rmSync(dir, { recursive: true });
});

/** Asks for the state as a client with these certificates. @returns the status, or the error's code */
async function ask(
  pair: CertificatePair | undefined,
  options: RequestOptions = {},
): Promise<number | string> {
  try {
    const call = request(`${url}/v1/state`, {
      ca: certificates.authority.cert,
      servername: PEER_NAMES.agent,
      agent: false,
      ...pair,
      ...options,
    });
    const [response] = await once(call.end(), 'response');
    await text(response);
    return response.statusCode;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/** How OpenSSL's and Node's words for a refused handshake reach a client: as an alert, or as a reset when that is lost. */
const REFUSED = /^(ERR_SSL_\w+|ECONNRESET|EPIPE)$/;

describe('an agent’s HTTPS server', () => {
  it('answers the controller', async () => {
    expect(await ask(certificates.controller)).toBe(200);
  });

  it('refuses the handshake of a client without a certificate', async () => {
    expect(await ask(undefined)).toMatch(REFUSED);
  });

  it('refuses a certificate with the controller’s name from another authority', async () => {
    expect(await ask(certificates.refused.otherAuthority)).toMatch(REFUSED);
  });

  it('refuses an expired certificate', async () => {
    expect(await ask(certificates.refused.expired)).toMatch(REFUSED);
  });

  it('refuses an agent’s own certificate, so that an agent’s key cannot give orders', async () => {
    expect(await ask(certificates.agent)).toMatch(REFUSED);
  });

  it('refuses a certificate with the controller’s name that is for servers only', async () => {
    expect(await ask(certificates.refused.wrongUsage)).toMatch(REFUSED);
  });

  it.each(['wrongName', 'wildcardName', 'noUsage'] as const)(
    'answers 403 to a certificate of our authority with a wrong name or no usage: %s',
    async (kind) => {
      expect(await ask(certificates.refused[kind])).toBe(403);
    },
  );

  it('does not speak TLS 1.2', async () => {
    expect(await ask(certificates.controller, { maxVersion: 'TLSv1.2' })).toBe('EPROTO');
  });

  it('never resumes a session, which would skip the client’s certificate', async () => {
    const options = {
      port,
      ca: certificates.authority.cert,
      servername: PEER_NAMES.agent,
      ...certificates.controller,
    };
    const first = connect(options);
    const sessions: Buffer[] = [];
    first.on('session', (session) => sessions.push(session));
    first.write('GET /v1/state HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await text(first);
    const session = sessions.at(-1);
    const second = connect({ ...options, ...(session === undefined ? {} : { session }) });
    await once(second, 'secureConnect');
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
  });

  it('serves new connections with a new certificate, and leaves kept ones alone', async () => {
    const agent = new Agent({ keepAlive: true });
    expect(await ask(certificates.controller, { agent })).toBe(200);
    const [kept] = Object.values(agent.freeSockets).flat();
    const renewed = await certificates.authority.issue({ dnsName: PEER_NAMES.agent, usages: ['serverAuth'] });
    mountTlsSecret(dir, certificates.authority.cert, renewed);
    await vi.waitUntil(async () => (await servedCertificate()) === renewed.cert.replace(/\s/g, ''), DEADLINE);
    expect(await ask(certificates.controller, { agent })).toBe(200);
    expect(Object.values(agent.freeSockets).flat()[0]).toBe(kept);
    agent.destroy();
  });

  it('ends the kept connections of an authority that was withdrawn and lets it in no more', async () => {
    const agent = new Agent({ keepAlive: true });
    expect(await ask(certificates.controller, { agent })).toBe(200);
    const next = await replaceAuthority();
    // Nothing is sent here: the server must end the idle connection by itself.
    await vi.waitUntil(() => Object.values(agent.freeSockets).flat().length === 0, DEADLINE);
    expect(await ask(certificates.controller, { agent, rejectUnauthorized: false })).toMatch(REFUSED);
    expect(await ask(next.controller, { ca: next.ca })).toBe(200);
    agent.destroy();
  });

  it('answers what is under way when its authority is withdrawn, and then ends the connection', async () => {
    const agent = new Agent({ keepAlive: true });
    const call = request(`${url}/v1/slow`, {
      ca: certificates.authority.cert,
      servername: PEER_NAMES.agent,
      agent,
      ...certificates.controller,
    }).end();
    const answered = once(call, 'response');
    await vi.waitUntil(() => slowCalls === 1, DEADLINE);
    const next = await replaceAuthority();
    await vi.waitUntil(async () => (await ask(next.controller, { ca: next.ca })) === 200, DEADLINE);
    answerSlow();
    const [response] = (await answered) as [IncomingMessage];
    expect([response.statusCode, response.headers.connection]).toEqual([200, 'close']);
    response.resume();
    agent.destroy();
  });

  it('takes no further request on a connection whose authority is withdrawn', async () => {
    const socket = connect({
      port,
      ca: certificates.authority.cert,
      servername: PEER_NAMES.agent,
      ...certificates.controller,
    });
    const closed = once(socket, 'close');
    socket.on('error', () => {});
    socket.write('GET /v1/slow HTTP/1.1\r\nhost: x\r\n\r\n');
    await vi.waitUntil(() => slowCalls === 1, DEADLINE);
    const next = await replaceAuthority();
    await vi.waitUntil(async () => (await ask(next.controller, { ca: next.ca })) === 200, DEADLINE);
    socket.write('GET /v1/slow HTTP/1.1\r\nhost: x\r\n\r\n');
    await closed;
    expect(slowCalls).toBe(1);
    answerSlow();
  });
});

/** Mounts certificates of another authority. @returns what its controller has */
async function replaceAuthority() {
  const next = await makeAuthority();
  const own = await next.issue({ dnsName: PEER_NAMES.agent, usages: ['serverAuth'] });
  const controller = await next.issue({ dnsName: PEER_NAMES.controller, usages: ['clientAuth'] });
  mountTlsSecret(dir, next.cert, own);
  return { ca: next.cert, controller };
}

/** @returns the PEM of the certificate that a new connection is shown, without white space */
async function servedCertificate(): Promise<string> {
  const socket = connect({ port, rejectUnauthorized: false, ...certificates.controller });
  await once(socket, 'secureConnect');
  const pem = socket.getPeerX509Certificate()?.toString() ?? '';
  socket.destroy();
  return pem.replace(/\s/g, '');
}

describe('the HTTPS client', () => {
  function client(
    pair: CertificatePair,
    peer = PEER_NAMES.agent as (typeof PEER_NAMES)['agent' | 'controller'],
    maxBodyBytes = 300,
  ) {
    const set = { ca: certificates.authority.cert, expiresAtMs: 0, ...pair };
    return createHttpsClient({ tls: { current: () => set }, peer, timeoutMs: 10_000, maxBodyBytes });
  }

  it('sends and reads JSON over an address that stands in no certificate', async () => {
    const call = client(certificates.controller);
    expect(await call({ method: 'PUT', url: `${url}/v1/echo`, body: { a: ['ü'] } })).toMatchObject({
      status: 200,
      body: { a: ['ü'] },
    });
  });

  it.each([
    ['fits into one piece', 1],
    ['takes several', 60_000],
  ])('sends an object that many bodies share as it is in them, where it %s', async (_, length) => {
    const call = client(certificates.controller, PEER_NAMES.agent, 200_000);
    const policy = { text: 'ü'.repeat(length) };
    for (const others of [{ node: 'a' }, { node: 'b', revision: 2 }, {}]) {
      const body = { policy, ...others };
      const echoed = await call({ method: 'PUT', url: `${url}/v1/echo`, body, shared: 'policy' });
      expect(echoed).toMatchObject({ status: 200, body });
    }
  });

  it('gives any status back as an answer', async () => {
    expect(
      await client(certificates.refused.wrongName)({ method: 'GET', url: `${url}/v1/state` }),
    ).toMatchObject({
      status: 403,
      body: { code: 'CW_ERR_FORBIDDEN' },
    });
  });

  it('gives the headers of an answer, by name in lower case', async () => {
    const { headers } = await client(certificates.controller)({ method: 'GET', url: `${url}/v1/state` });
    expect(headers).toMatchObject({
      'x-note': 'one, two',
      'content-type': 'application/json; charset=utf-8',
    });
  });

  it('refuses a server that is not the expected peer', async () => {
    const call = client(certificates.controller, PEER_NAMES.controller);
    await expect(call({ method: 'GET', url: `${url}/v1/state` })).rejects.toMatchObject({
      code: 'CW_ERR_UNREACHABLE',
      retryable: true,
      message: expect.stringContaining('DNS:controller.checkpoint-warden'),
    });
  });

  it('refuses an answer that is too large', async () => {
    const call = client(certificates.controller)({
      method: 'PUT',
      url: `${url}/v1/echo`,
      body: 'x'.repeat(400),
    });
    await expect(call).rejects.toThrow('larger than 300 bytes');
  });

  it('gives up when its caller does', async () => {
    const call = client(certificates.controller)({
      method: 'GET',
      url: `${url}/v1/state`,
      signal: AbortSignal.abort(),
    });
    await expect(call).rejects.toMatchObject({ code: 'CW_ERR_UNREACHABLE' });
  });

  it('shows its new certificate once the files changed', async () => {
    let pair = certificates.refused.wrongName;
    const call = createHttpsClient({
      tls: { current: () => ({ ca: certificates.authority.cert, expiresAtMs: 0, ...pair }) },
      peer: PEER_NAMES.agent,
      timeoutMs: 10_000,
      maxBodyBytes: 1_000,
    });
    expect((await call({ method: 'GET', url: `${url}/v1/state` })).status).toBe(403);
    pair = certificates.controller;
    expect((await call({ method: 'GET', url: `${url}/v1/state` })).status).toBe(200);
  });
});

describe('the TLS files', () => {
  it('are refused when key and certificate do not belong together', () => {
    mountTlsSecret(dir, certificates.authority.cert, {
      cert: certificates.agent.cert,
      key: certificates.controller.key,
    });
    expect(() => loadTlsSet(dir)).toThrowError(
      expect.objectContaining({
        code: 'CW_ERR_TLS',
        problems: [
          expect.objectContaining({ path: join(dir, 'tls.key'), message: 'it is not the key of tls.crt' }),
        ],
      }),
    );
  });

  it('name every file that is missing', () => {
    expect(() => loadTlsSet(join(dir, 'none'))).toThrowError(
      expect.objectContaining({
        problems: ['ca.crt', 'tls.crt', 'tls.key'].map((file) =>
          expect.objectContaining({ path: join(dir, 'none', file) }),
        ),
      }),
    );
  });

  it('name a file that holds something else', () => {
    mountTlsSecret(dir, 'nothing', { cert: 'nothing', key: 'nothing' });
    expect(() => loadTlsSet(dir)).toThrowError(
      expect.objectContaining({ problems: [expect.anything(), expect.anything(), expect.anything()] }),
    );
  });
});
