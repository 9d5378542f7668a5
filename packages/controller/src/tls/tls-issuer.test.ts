import { createLogger, type TlsSet } from '@checkpoint-warden/kit';
import { type ManualClock, manualClock } from '@checkpoint-warden/kit/testing';
import { type KubeApi, KubeError, type KubeObject, type Resource, SECRETS } from '@checkpoint-warden/kube';
import { createMemoryApiServer, type MemoryApiServer } from '@checkpoint-warden/kube/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DAY_MS, HOUR_MS, NAMESPACE } from './testing/tls-world.ts';
import { createTlsIssuer, type TlsIssuer } from './tls-issuer.ts';
import { TLS_SECRET_NAMES } from './tls-secrets.ts';

const LOOK_MS = HOUR_MS / 6;
const DEADLINE = { timeout: 20_000, interval: 1 };

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly secret?: string;
  readonly reason?: string;
  readonly err?: { readonly message: string };
}

let clock: ManualClock;
let server: MemoryApiServer;
let lines: LogLine[];
let stop: AbortController;
let running: Promise<void>[];

beforeEach(() => {
  clock = manualClock();
  server = createMemoryApiServer({ clock });
  lines = [];
  stop = new AbortController();
  running = [];
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running);
});

function createIssuer(api: KubeApi = server.client()): TlsIssuer {
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLogger({ level: 'info', terminal: false, destination });
  return createTlsIssuer({ api, clock, random: () => 0.5, log, namespace: NAMESPACE });
}

/** Runs an issuer until all is written that is due. */
async function start(api?: KubeApi): Promise<TlsIssuer> {
  const issuer = createIssuer(api);
  const asleep = clock.sleepers;
  running.push(issuer.run(stop.signal));
  await vi.waitFor(() => expect(clock.sleepers).toBe(asleep + 1), DEADLINE);
  return issuer;
}

/** Lets a look pass. */
async function look(ms = LOOK_MS): Promise<void> {
  const asleep = clock.sleepers;
  clock.advance(ms);
  await vi.waitFor(() => expect(clock.sleepers).toBe(asleep), DEADLINE);
}

const written = () => lines.filter(({ msg }) => msg === 'tls secret written');
const warnings = () => lines.filter(({ level }) => level === 'warn').map(({ err }) => err?.message);
const secretOf = (which: keyof typeof TLS_SECRET_NAMES) =>
  server.objects(SECRETS).find(({ metadata }) => metadata.name === TLS_SECRET_NAMES[which]);

/** Turns every call of one kind into a failure while `isBroken` says so. */
function failing(isBroken: () => boolean, error: KubeError): KubeApi {
  return server.client(() => (isBroken() ? { error } : 'ok'));
}
const failure = (status: number, reason: string, verb = 'get') =>
  new KubeError({ verb, resource: 'secrets', status, reason, message: 'no' });

describe('the TLS issuer', () => {
  it('makes the three Secrets, with our labels and each of its type', async () => {
    const issuer = await start();
    await issuer.ready(stop.signal);
    expect(written().map(({ secret, reason }) => `${secret} ${reason}`)).toEqual([
      'checkpoint-warden/checkpoint-warden-ca authority-missing',
      'checkpoint-warden/checkpoint-warden-controller-tls secret-missing',
      'checkpoint-warden/checkpoint-warden-agent-tls secret-missing',
    ]);
    const labels = {
      'app.kubernetes.io/managed-by': 'checkpoint-warden',
      'app.kubernetes.io/part-of': 'checkpoint-warden',
    };
    expect(secretOf('ca')).toMatchObject({ type: 'Opaque', metadata: { labels } });
    for (const which of ['controller', 'agent'] as const) {
      expect(secretOf(which)).toMatchObject({ type: 'kubernetes.io/tls', metadata: { labels } });
      expect(Object.keys(secretOf(which)?.data ?? {}).sort()).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
    }
  });

  it('keeps what is there when another takes over, and gives the same set until it changes', async () => {
    const first = await start();
    const before = server.objects(SECRETS);
    const second = await start();
    expect(server.objects(SECRETS)).toEqual(before);
    expect(second.current()).toEqual(first.current());

    const set: TlsSet = second.current();
    await look();
    expect(second.current()).toBe(set);
  });

  it('renews certificates when a third of their time is left, under the same CA', async () => {
    const issuer = await start();
    const before = issuer.current();
    await look(59 * DAY_MS);
    expect(issuer.current()).toBe(before);
    await look(2 * DAY_MS);
    expect(issuer.current().ca).toBe(before.ca);
    expect(issuer.current().cert).not.toBe(before.cert);
    expect(
      written()
        .slice(3)
        .map(({ reason }) => reason),
    ).toEqual(['certificate-due', 'certificate-due']);
    expect(issuer.expiresAtMs()).toBe(clock.nowMs() + 90 * DAY_MS);
  });

  it('tells no expiry when it runs no more: the next leader renews what it knows nothing of', async () => {
    const issuer = await start();
    expect(issuer.expiresAtMs()).toBe(clock.nowMs() + 90 * DAY_MS);
    stop.abort();
    await Promise.all(running);
    expect(issuer.expiresAtMs()).toBeNaN();
    expect(issuer.current()).toBeDefined();
  });

  it('agrees with another that runs at the same time by mistake', async () => {
    const [one, other] = [createIssuer(), createIssuer()];
    running.push(one.run(stop.signal), other.run(stop.signal));
    await vi.waitFor(() => {
      expect(clock.sleepers).toBe(2);
      clock.advance(1_000);
      expect(one.current()).toEqual(other.current());
    }, DEADLINE);
    expect(written().filter(({ reason }) => reason === 'authority-missing')).toHaveLength(1);
    expect(warnings()).toEqual([]);
  });

  it.each([
    [
      'without our labels',
      { type: 'kubernetes.io/tls', labels: {} },
      /lacks the label app.kubernetes.io\/managed-by/,
    ],
    [
      'of another type',
      {
        type: 'Opaque',
        labels: {
          'app.kubernetes.io/managed-by': 'checkpoint-warden',
          'app.kubernetes.io/part-of': 'checkpoint-warden',
        },
      },
      /its type is Opaque, not kubernetes.io\/tls/,
    ],
  ])('refuses a Secret %s, says so once, and writes nothing', async (_, { type, labels }, message) => {
    const metadata = { namespace: NAMESPACE, name: TLS_SECRET_NAMES.agent, labels };
    server.put(SECRETS, { apiVersion: 'v1', kind: 'Secret', type, metadata, data: {} });
    const before = server.objects(SECRETS);
    const issuer = await start();
    for (let looks = 0; looks < 5; looks += 1) await look();
    expect(server.objects(SECRETS)).toEqual(before);
    expect(warnings()).toEqual([expect.stringMatching(message)]);
    expect(() => issuer.current()).toThrow(expect.objectContaining({ code: 'CW_ERR_TLS' }));
  });

  it('tells what the API server refuses with verb and resource, once, and when that is over; the set stays in force', async () => {
    let error: KubeError | undefined;
    const api = server.client(() => (error === undefined ? 'ok' : { error }));
    const issuer = await start(api);
    const set = issuer.current();
    error = failure(403, 'Forbidden');
    for (let looks = 0; looks < 3; looks += 1) await look();
    expect(warnings()).toEqual([expect.stringMatching(/grant .* the verb get on secrets/)]);
    error = failure(500, 'InternalError');
    for (let looks = 0; looks < 3; looks += 1) await look();
    expect(warnings()).toHaveLength(2);
    expect(issuer.current()).toBe(set);

    error = undefined;
    await look();
    expect(lines.at(-1)?.msg).toBe('certificates are looked after again');
  });

  it('makes no second CA because the first could not be read', async () => {
    await start();
    const before = secretOf('ca');
    stop.abort();
    await Promise.all(running);
    stop = new AbortController();
    let isBroken = true;
    await start(failing(() => isBroken, failure(404, '')));
    await look();
    isBroken = false;
    await look();
    expect(secretOf('ca')).toEqual(before);
  });

  it('does not fight what changes the Secrets after it', async () => {
    const client = server.client();
    let writes = 0;
    const strip = <T extends KubeObject>(object: T): T => {
      writes += 1;
      return { ...object, metadata: { ...object.metadata, annotations: {} } };
    };
    await start({
      ...client,
      create: <T extends KubeObject>(resource: Resource<T>, object: T, signal: AbortSignal) =>
        client.create(resource, strip(object), signal),
      replace: <T extends KubeObject>(resource: Resource<T>, object: T, signal: AbortSignal) =>
        client.replace(resource, strip(object), signal),
    });
    expect(writes).toBeLessThan(10);
    expect(warnings()).toEqual([expect.stringMatching(/do not stay as written: see what else writes them/)]);
  });

  it('is ready no earlier than it has a set, and stops waiting when told to', async () => {
    const issuer = createIssuer();
    const waiting = new AbortController();
    const ready = issuer.ready(waiting.signal);
    waiting.abort();
    await ready;
    expect(() => issuer.current()).toThrow('the controller has no certificate yet');
    expect(issuer.expiresAtMs()).toBeNaN();
  });
});
