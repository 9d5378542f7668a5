import { type ManualClock, manualClock } from '@checkpoint-warden/kit/testing';
import { KubeError, SECRETS, type Secret } from '@checkpoint-warden/kube';
import { createMemoryApiServer, type MemoryApiServer } from '@checkpoint-warden/kube/testing';
import { planTls } from '../plan-tls.ts';
import { gatherTls } from '../tls-issuer.ts';
import { TLS_SECRET_NAMES, type TlsRole, type TlsSecretNames } from '../tls-secrets.ts';
import { type PeerView, readTlsView, type TlsView } from '../tls-view.ts';
import { writeTls } from '../write-tls.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const NAMESPACE = 'checkpoint-warden';

/** Short enough that a test lives through a roll-over; the order is what matters. */
const TIMES = { caValidityMs: 25 * DAY_MS, leafValidityMs: 9 * DAY_MS };
const OVERLAP_MS = HOUR_MS;
const NEVER = new AbortController().signal;

/** What one side could read from its Secret, and when the next version came. */
interface Version {
  readonly view: PeerView;
  /** Monotonic. */
  supersededMs: number;
}

/** The three Secrets on an API server in memory, controllers that look after them, and what the two sides may have read. */
export interface TlsWorld {
  readonly clock: ManualClock;
  readonly server: MemoryApiServer;
  view(): Promise<TlsView>;
  /** Looks and writes the one Secret that is due, by a clock that is `skewMs` ahead. @returns whether one was due */
  step(skewMs?: number): Promise<boolean>;
  /** A step that stops just before the write. @returns goes on with it; what the API server refuses is let be */
  beginStep(skewMs?: number): Promise<() => Promise<void>>;
  /** Steps until nothing is due. */
  settle(): Promise<void>;
  /** Settles every ten minutes for so long. */
  live(ms: number): Promise<void>;
  change(which: keyof TlsSecretNames, edit: (secret: Secret) => Secret | undefined): void;
  /**
   * Every pair of what the controller and an agent may hold, when each may not have read what was written in the last `lagMs`,
   * that would not accept each other now.
   */
  brokenPairs(lagMs: number): string[];
}

export function createTlsWorld(): TlsWorld {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock });
  const api = server.client();
  const history: Record<TlsRole, Version[]> = { controller: [], agent: [] };

  async function view(): Promise<TlsView> {
    return readTlsView(await gatherTls(api, NAMESPACE, TLS_SECRET_NAMES, NEVER));
  }

  async function record(): Promise<void> {
    const now = await view();
    for (const role of ['controller', 'agent'] as const) {
      const versions = history[role];
      const last = versions.at(-1);
      const { leaf, trust } = now[role];
      // What is absent or damaged is not taken by who reads it.
      if (leaf === undefined || trust.length === 0) continue;
      if (last !== undefined && textOf(last.view) === textOf(now[role])) continue;
      if (last !== undefined) last.supersededMs = clock.monotonicMs();
      versions.push({ view: now[role], supersededMs: Number.POSITIVE_INFINITY });
    }
  }

  async function beginStep(skewMs = 0) {
    const skewed = { nowMs: () => clock.nowMs() + skewMs };
    const secrets = await gatherTls(api, NAMESPACE, TLS_SECRET_NAMES, NEVER);
    const write = planTls(readTlsView(secrets), skewed.nowMs(), OVERLAP_MS);
    if (write === undefined) return undefined;
    return async () => {
      const writing = { api, clock: skewed, namespace: NAMESPACE, names: TLS_SECRET_NAMES, ...TIMES };
      try {
        await writeTls(writing, write, secrets, NEVER);
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
      }
      await record();
    };
  }

  async function step(skewMs?: number): Promise<boolean> {
    const finish = await beginStep(skewMs);
    await finish?.();
    return finish !== undefined;
  }

  async function settle(): Promise<void> {
    for (let writes = 0; await step(); writes += 1) if (writes > 10) throw new Error('it does not settle');
  }

  return {
    clock,
    server,
    view,
    step,
    beginStep: async (skewMs) => (await beginStep(skewMs)) ?? (async () => undefined),
    settle,
    async live(ms) {
      for (let lived = 0; lived < ms; lived += HOUR_MS / 6) {
        await settle();
        clock.advance(HOUR_MS / 6);
      }
      await settle();
    },
    change(which, edit) {
      const key = { namespace: NAMESPACE, name: TLS_SECRET_NAMES[which] };
      const secret = server.objects(SECRETS).find(({ metadata }) => metadata.name === key.name);
      if (secret === undefined) return;
      const edited = edit(secret);
      if (edited === undefined) server.remove(SECRETS, key);
      else server.put(SECRETS, edited);
    },
    brokenPairs(lagMs) {
      const nowMs = clock.nowMs();
      const held = (role: TlsRole) =>
        history[role].filter(({ supersededMs }) => supersededMs > clock.monotonicMs() - lagMs);
      return held('controller').flatMap((controller) =>
        held('agent').flatMap((agent) => [
          ...(accepts(agent.view, controller.view, nowMs) ? [] : ['the agent refuses the controller']),
          ...(accepts(controller.view, agent.view, nowMs) ? [] : ['the controller refuses the agent']),
        ]),
      );
    },
  };
}

/** As the handshake judges: the certificate comes from a CA that is trusted, and all is valid today. */
function accepts({ trust }: PeerView, { leaf }: PeerView, nowMs: number): boolean {
  const isValid = ({ validFromDate, validToDate }: { validFromDate: Date; validToDate: Date }) =>
    validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime();
  if (leaf === undefined || !isValid(leaf.certificate)) return false;
  return trust.some(
    (authority) =>
      isValid(authority) &&
      leaf.certificate.checkIssued(authority) &&
      leaf.certificate.verify(authority.publicKey),
  );
}

function textOf({ trust, leaf }: PeerView): string {
  return [...trust, leaf?.certificate].map((each) => each?.fingerprint256).join();
}
