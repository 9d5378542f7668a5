import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createHttpServer,
  createHttpsClient,
  createLogger,
  type HttpsClient,
  listen,
  openTlsFiles,
  PEER_NAMES,
  type TlsSet,
} from '@checkpoint-warden/kit';
import { type ManualClock, manualClock, mountTlsSecret } from '@checkpoint-warden/kit/testing';
import { SECRETS } from '@checkpoint-warden/kube';
import { createMemoryApiServer, type MemoryApiServer } from '@checkpoint-warden/kube/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HOUR_MS, NAMESPACE } from './testing/tls-world.ts';
import { createTlsIssuer, type TlsIssuer } from './tls-issuer.ts';
import { TLS_SECRET_NAMES } from './tls-secrets.ts';

const DEADLINE = { timeout: 20_000, interval: 1 };
const LOOK_MS = HOUR_MS / 2;
/** A CA of a day is replaced after 19 h. The machine's clock stands at hour 20 and accepts all that is made around it. */
const CA_HOURS = 24;
const NOW_HOUR = 20;
const BEGIN_HOUR = 18;

const silent = createLogger({ level: 'silent', terminal: false });
let clock: ManualClock;
let server: MemoryApiServer;
let stop: AbortController;
let running: Promise<void>[];
let dir: string;

beforeEach(() => {
  clock = manualClock(Date.now() - NOW_HOUR * HOUR_MS);
  server = createMemoryApiServer({ clock });
  stop = new AbortController();
  running = [];
  dir = mkdtempSync(join(tmpdir(), 'cw-issuer-'));
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  rmSync(dir, { recursive: true });
});

interface MountedAgent {
  readonly url: string;
  /** As the kubelet delivers the Secret; resolves when the agent has taken it. */
  deliver(set: TlsSet): Promise<void>;
}

/** An agent's HTTPS server with the Secret as its `--tls-dir`. */
async function startAgent(name: string, set: TlsSet): Promise<MountedAgent> {
  const mount = join(dir, name);
  mountTlsSecret(mount, set.ca, set);
  const files = openTlsFiles(mount, { log: silent, pollIntervalMs: 5 });
  const app = createHttpServer({ log: silent, tls: { files, peer: PEER_NAMES.controller } });
  app.get('/v1/state', async () => ({ agent: name }));
  const address = { host: '127.0.0.1', port: 0 };
  running.push(
    files.run(stop.signal),
    listen(app, { name: 'api', address, graceMs: 1_000 }).run(stop.signal),
  );
  await vi.waitFor(() => expect(app.addresses()).toHaveLength(1), DEADLINE);
  return {
    url: `https://127.0.0.1:${(app.server.address() as AddressInfo).port}/v1/state`,
    async deliver(next) {
      mountTlsSecret(mount, next.ca, next);
      const { ca, cert } = files.current();
      if (next.ca === ca && next.cert === cert) return;
      await vi.waitFor(
        () => expect(files.current()).toMatchObject({ ca: next.ca, cert: next.cert }),
        DEADLINE,
      );
    },
  };
}

async function startIssuer(): Promise<TlsIssuer> {
  const issuer = createTlsIssuer({
    api: server.client(),
    clock,
    random: () => 0.5,
    log: silent,
    namespace: NAMESPACE,
    lookIntervalMs: LOOK_MS,
    caValidityMs: CA_HOURS * HOUR_MS,
  });
  running.push(issuer.run(stop.signal));
  await issuer.ready(stop.signal);
  await vi.waitFor(() => expect(clock.sleepers).toBe(1), DEADLINE);
  return issuer;
}

async function look(): Promise<void> {
  clock.advance(LOOK_MS);
  await vi.waitFor(() => expect(clock.sleepers).toBe(1), DEADLINE);
}

function agentSecret(): TlsSet {
  const secret = server.objects(SECRETS).find(({ metadata }) => metadata.name === TLS_SECRET_NAMES.agent);
  const text = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
  return { ca: text('ca.crt'), cert: text('tls.crt'), key: text('tls.key'), expiresAtMs: 0 };
}

function clientWith(current: () => TlsSet): HttpsClient {
  return createHttpsClient({
    tls: { current },
    peer: PEER_NAMES.agent,
    timeoutMs: 10_000,
    maxBodyBytes: 1_000,
  });
}

describe('mutual TLS with issued certificates', () => {
  it('goes on through a roll-over, with agents that read their Secret at once and with those that read it late', async () => {
    const issuer = await startIssuer();
    for (let hour = 0; hour < BEGIN_HOUR; hour += LOOK_MS / HOUR_MS) await look();
    const beginning = agentSecret();
    const prompt = await startAgent('prompt', beginning);
    const late = await startAgent('late', beginning);
    const call = clientWith(() => issuer.current());
    const callFromLateController = (set: TlsSet) => clientWith(() => set);

    const states = new Set<string>();
    let lateAgentSet = beginning;
    let lateControllerSet = issuer.current();
    for (let looks = 0; looks < 10; looks += 1) {
      await look();
      await prompt.deliver(agentSecret());
      await late.deliver(lateAgentSet);
      for (const { url } of [prompt, late]) {
        for (const send of [call, callFromLateController(lateControllerSet)]) {
          expect((await send({ method: 'GET', url })).status).toBe(200);
        }
      }
      lateAgentSet = agentSecret();
      lateControllerSet = issuer.current();
      states.add(`${lateAgentSet.ca} ${lateAgentSet.cert}`);
    }
    // The one it begins with, both CAs trusted, issued by the new one, the old one forgotten.
    expect(states.size).toBe(4);
    expect(agentSecret().ca).not.toContain(beginning.ca);
  });

  it('lets no agent give orders to another', async () => {
    const issuer = await startIssuer();
    for (let hour = 0; hour < BEGIN_HOUR; hour += LOOK_MS / HOUR_MS) await look();
    const { url } = await startAgent('victim', agentSecret());
    const status = (call: HttpsClient) =>
      call({ method: 'GET', url }).then(
        (answer) => answer.status,
        (error: { code: string }) => error.code,
      );
    expect(await status(clientWith(() => issuer.current()))).toBe(200);
    expect(await status(clientWith(agentSecret))).not.toBe(200);
  });

  it('does not let the controller’s certificate pass for an agent’s', async () => {
    const issuer = await startIssuer();
    for (let hour = 0; hour < BEGIN_HOUR; hour += LOOK_MS / HOUR_MS) await look();
    const { url } = await startAgent('impostor', issuer.current());
    await expect(clientWith(() => issuer.current())({ method: 'GET', url })).rejects.toMatchObject({
      code: 'CW_ERR_UNREACHABLE',
    });
  });
});
