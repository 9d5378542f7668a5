import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createHttpsClient,
  createLogger,
  listen,
  openTlsFiles,
  PEER_NAMES,
  Registry,
  systemClock,
} from '@checkpoint-warden/kit';
import { type CertificatePair, makeCertificates, mountTlsSecret } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AssembledAgent, assembleAgent } from '../assemble-agent.ts';
import { makeSandbox, policyOf, type Sandbox, until } from '../testing/agent-rig.ts';
import { errorOf, makeApi, message } from '../testing/api-rig.ts';

const log = createLogger({ level: 'silent', terminal: false });
const POLICY = policyOf('globalPolicy: {maxCheckpointsPerContainer: 1}');

let sandbox: Sandbox;
/** It does not run: its first scan is never done. */
let assembled: AssembledAgent;

beforeEach(() => {
  sandbox = makeSandbox();
  assembled = assembleAgent({
    node: 'node-1',
    checkpointDir: sandbox.checkpointDir,
    stateDir: sandbox.stateDir,
    scanIntervalMs: 60_000,
    quietPeriodMs: 60_000,
    clock: systemClock,
    log,
    registry: new Registry(),
  });
});
afterEach(async () => {
  await assembled.component.run(AbortSignal.abort());
  sandbox.remove();
});

describe('the API before the first scan', () => {
  it.each(['owners', 'groups', 'archives', 'archives/x/explanation', 'plan'])(
    'answers /v1/%s with 503, not with an empty list',
    async (path) => {
      const api = await makeApi(assembled, sandbox);
      expect(errorOf(await api.get(`/v1/${path}`))).toBe('503 CW_ERR_NOT_READY');
    },
  );

  it('gives no newest archives of groups, and the state tells of none', async () => {
    const api = await makeApi(assembled, sandbox);
    const groups = [{ group: 'shop', rule: '0123456789abcdef' }];
    expect(errorOf(await api.post('/v1/groups', { groups }))).toBe('503 CW_ERR_NOT_READY');
    expect((await api.get('/v1/state')).body).not.toHaveProperty('groups');
  });

  it('tells its state and takes a policy', async () => {
    const api = await makeApi(assembled, sandbox);
    expect((await api.put('/v1/policy', { ...message(1), policy: POLICY })).status).toBe(200);
    expect((await api.get('/v1/state')).body).toMatchObject({ ready: false, policy: { revision: 1 } });
  });
});

describe('the API on the network', () => {
  let stop: AbortController;
  let running: Promise<unknown>;
  let tlsDir: string;
  beforeEach(() => {
    stop = new AbortController();
    tlsDir = mkdtempSync(join(tmpdir(), 'checkpoint-warden-tls-'));
  });
  afterEach(async () => {
    stop.abort();
    await running;
    rmSync(tlsDir, { recursive: true });
  });

  it('obeys the controller’s certificate and no other', async () => {
    const certificates = await makeCertificates();
    const { authority, controller, agent, refused } = certificates;
    mountTlsSecret(tlsDir, authority.cert, agent);
    const files = openTlsFiles(tlsDir, { log });
    const { app } = await makeApi(assembled, sandbox, { tls: { files, peer: PEER_NAMES.controller } });
    running = listen(app, { name: 'api', address: { host: '127.0.0.1', port: 0 }, graceMs: 1_000 }).run(
      stop.signal,
    );
    await until('it listens', () => app.server.listening);
    const { port } = app.server.address() as { readonly port: number };

    const put = (pair: CertificatePair, revision: number) =>
      createHttpsClient({
        tls: { current: () => ({ ca: authority.cert, expiresAtMs: 0, ...pair }) },
        peer: PEER_NAMES.agent,
        timeoutMs: 10_000,
        maxBodyBytes: 10_000,
      })({
        method: 'PUT',
        url: `https://127.0.0.1:${port}/v1/policy`,
        body: { ...message(revision), policy: POLICY },
      });
    const inForce = () => assembled.agent.status().policy;

    expect(await put(refused.wrongName, 1)).toMatchObject({
      status: 403,
      body: { code: 'CW_ERR_FORBIDDEN' },
    });
    await expect(put(refused.otherAuthority, 2)).rejects.toMatchObject({ code: 'CW_ERR_UNREACHABLE' });
    await expect(put(agent, 3)).rejects.toMatchObject({ code: 'CW_ERR_UNREACHABLE' });
    expect(inForce().source).toBe('none');

    expect(await put(controller, 4)).toMatchObject({
      status: 200,
      body: { source: 'controller', revision: 4 },
    });
    expect(inForce()).toMatchObject({ source: 'controller', revision: 4, policy: POLICY });
  });
});
