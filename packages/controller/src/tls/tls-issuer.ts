import { AppError } from '@checkpoint-warden/errors';
import type { Clock, Component, Logger, TlsSet } from '@checkpoint-warden/kit';
import { type KubeApi, KubeError, SECRETS } from '@checkpoint-warden/kube';
import { backoffMs, jittered } from '../backoff.ts';
import { planTls } from './plan-tls.ts';
import { TLS_SECRET_NAMES, type TlsSecretNames } from './tls-secrets.ts';
import { type PeerView, readTlsView, type TlsSecrets, type TlsView } from './tls-view.ts';
import { writeTls } from './write-tls.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** See {@link createTlsIssuer}. Times in milliseconds. */
export interface TlsIssuerOptions {
  readonly api: Pick<KubeApi, 'get' | 'create' | 'replace'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** The controller's own. */
  readonly namespace: string;
  readonly names?: TlsSecretNames;
  /**
   * How long a step of a roll-over waits for those that learn late of the step before. Must exceed what the kubelet takes to
   * deliver a Secret (2 minutes) and the difference between the clocks of two controllers together; an hour unless told.
   */
  readonly overlapMs?: number;
  /** Between looks at the Secrets; ten minutes unless told. */
  readonly lookIntervalMs?: number;
  readonly caValidityMs?: number;
  readonly leafValidityMs?: number;
}

/** Issues and renews the certificates of self-managed TLS. Only the leader runs it. */
export interface TlsIssuer extends Component {
  /**
   * The controller's set, the same object until it changes; the last good one while the API server cannot be reached.
   *
   * @throws AppError `CW_ERR_TLS` before there is one
   */
  current(): TlsSet;
  /** Resolves when there is a set, or when `signal` is aborted. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * When the first certificate of those in use expires, the agents' included, Unix ms. NaN before there is one, and when it
   * runs no more: another leader may have renewed them since.
   */
  expiresAtMs(): number;
}

/** After a look that failed. A lost race against another writer is over at once. */
const RETRY = { firstMs: 1_000, maxMs: 5 * 60_000 };

/** In one go. A roll-over has steps of three. */
const MOST_WRITES = 6;

/**
 * Looks after three Secrets: the CA, the controller's and the agents' certificate. A look gathers them, plans, writes the next
 * one that is due, and begins anew, until nothing is due; nothing is remembered from look to look.
 */
export function createTlsIssuer(options: TlsIssuerOptions): TlsIssuer {
  const { api, clock, random, log, namespace } = options;
  const { overlapMs = HOUR_MS, lookIntervalMs = 10 * 60_000 } = options;
  const { caValidityMs = 5 * 365 * DAY_MS, leafValidityMs = 90 * DAY_MS } = options;
  const names = options.names ?? TLS_SECRET_NAMES;
  const writing = { api, clock, namespace, names, caValidityMs, leafValidityMs };
  const isReady = Promise.withResolvers<void>();
  let current: TlsSet | undefined;
  let expiresAtMs = Number.NaN;

  /** @returns whether something was written, and so has to be looked at again */
  async function look(signal: AbortSignal): Promise<boolean> {
    const secrets = await gatherTls(api, namespace, names, signal);
    const view = readTlsView(secrets);
    adopt(view);
    const write = planTls(view, clock.nowMs(), overlapMs);
    if (write === undefined) return false;
    await writeTls(writing, write, secrets, signal);
    log.info({ secret: `${namespace}/${names[write.secret]}`, reason: write.reason }, 'tls secret written');
    return true;
  }

  async function lookUntilDone(signal: AbortSignal): Promise<void> {
    for (let writes = 0; await look(signal); writes += 1) {
      if (writes === MOST_WRITES) {
        const remedy = 'see what else writes them (an admission webhook, a tool that syncs Secrets)';
        throw new AppError('CW_ERR_TLS', `the TLS Secrets in ${namespace} do not stay as written: ${remedy}`);
      }
    }
  }

  function adopt({ controller, agent }: TlsView): void {
    const next = toTlsSet(controller);
    if (next === undefined) return;
    if (next.ca !== current?.ca || next.cert !== current.cert || next.key !== current.key) {
      current = next;
      log.info({ expires: new Date(next.expiresAtMs).toISOString() }, 'controller certificate in use');
    }
    expiresAtMs = Math.min(next.expiresAtMs, toTlsSet(agent)?.expiresAtMs ?? next.expiresAtMs);
    isReady.resolve();
  }

  async function keepLooking(signal: AbortSignal): Promise<void> {
    let failures = 0;
    /** Of the last failed look; told when it becomes another one. */
    let told: string | undefined;
    while (!signal.aborted) {
      try {
        await lookUntilDone(signal);
        if (told !== undefined) log.info({}, 'certificates are looked after again');
        failures = 0;
        told = undefined;
        await clock.sleep(lookIntervalMs, signal);
      } catch (err) {
        if (signal.aborted) return;
        failures += 1;
        const isLostRace =
          err instanceof KubeError && (err.reason === 'Conflict' || err.reason === 'AlreadyExists');
        const message = err instanceof Error ? err.message : String(err);
        if (isLostRace) log.debug({ err }, 'tls secret was changed meanwhile, looking again');
        else if (told !== message) {
          log.warn({ err }, 'certificates cannot be looked after');
          told = message;
        }
        const askedMs = err instanceof KubeError ? (err.retryAfterMs ?? 0) : 0;
        await clock.sleep(Math.max(askedMs, jittered(backoffMs(RETRY, failures), random)), signal);
      }
    }
  }

  return {
    current() {
      if (current !== undefined) return current;
      throw new AppError('CW_ERR_TLS', 'the controller has no certificate yet', { retryable: true });
    },
    async ready(signal) {
      if (signal.aborted) return;
      const aborted = Promise.withResolvers<void>();
      const end = () => aborted.resolve();
      signal.addEventListener('abort', end, { once: true });
      await Promise.race([isReady.promise, aborted.promise]);
      signal.removeEventListener('abort', end);
    },
    expiresAtMs: () => expiresAtMs,
    async run(signal) {
      try {
        await keepLooking(signal);
      } finally {
        expiresAtMs = Number.NaN;
      }
    },
  };
}

/**
 * Reads the Secrets, the CA's last: a plan from an older CA and a newer certificate would be wrong, while one from an older
 * certificate than the CA's is refused when it is written.
 */
export async function gatherTls(
  api: Pick<KubeApi, 'get'>,
  namespace: string,
  names: TlsSecretNames,
  signal: AbortSignal,
): Promise<TlsSecrets> {
  const read = (name: string) => api.get(SECRETS, { namespace, name }, signal);
  const controller = await read(names.controller);
  const agent = await read(names.agent);
  return { controller, agent, ca: await read(names.ca) };
}

function toTlsSet({ trust, leaf }: PeerView): TlsSet | undefined {
  if (leaf === undefined || trust.length === 0) return undefined;
  return {
    ca: trust.map(String).join(''),
    cert: leaf.certPem,
    key: leaf.keyPem,
    expiresAtMs: Math.min(...[leaf.certificate, ...trust].map((each) => each.validToDate.getTime())),
  };
}
