import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type Component,
  createHttpServer,
  createHttpsClient,
  createLogger,
  healthRoutes,
  type Logger,
  listen,
  openTlsFiles,
  PEER_NAMES,
  Registry,
  registerBuildInfo,
  registerCertificateExpiry,
  registerProcessMetrics,
  runUntilSignal,
  systemClock,
  type TlsSet,
} from '@checkpoint-warden/kit';
import { createEventRecorder, createKubeApi, type KubeApi } from '@checkpoint-warden/kube';
import { fixedAgents } from './agents/fixed-agents.ts';
import { createController } from './controller.ts';
import { createControllerMetrics } from './metrics.ts';
import type { ControllerSettings } from './settings.ts';
import { createTlsIssuer } from './tls/tls-issuer.ts';

/** Time to stop in, under the 30 s that Kubernetes gives by default. */
const GRACE_MS = 10_000;
/** Time that requests under way get when a server stops. */
const SERVER_GRACE_MS = 2_000;
const API_TIMEOUT_MS = 15_000;
/** For a whole call of an agent. Less than the renew deadline of the Lease: no call outlives a leadership by much. */
const AGENT_TIMEOUT_MS = 8_000;
/** Room for the owners of a node with tens of thousands of archives. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const NAME = 'checkpoint-warden';

/** What runs, and how it talks. */
export interface RunOptions {
  readonly version: string;
  /** Whether people read the log along. */
  readonly terminal: boolean;
}

/**
 * Runs a controller until it is told to stop: it stands for election and leads when it is elected. A follower serves health
 * and metrics and does nothing else.
 *
 * @returns the exit code
 * @throws AppError when a setting, the kubeconfig or the TLS files cannot be used at the start
 */
export async function runController(
  settings: ControllerSettings,
  { version, terminal }: RunOptions,
): Promise<number> {
  const log = createLogger({ level: settings.logLevel, terminal });
  const clock = systemClock;
  const random = Math.random;
  const registry = new Registry();
  registerBuildInfo(registry, version);
  registerProcessMetrics(registry);
  const metrics = createControllerMetrics(registry, clock);

  const options = { ...settings, fixedAgents: fixedAgents(settings.agent ?? []) };
  const api = await createKubeApi({
    ...(settings.kubeconfig === undefined ? {} : { kubeconfig: settings.kubeconfig }),
    userAgent: `${NAME}/${version}`,
    fieldManager: NAME,
    requestTimeoutMs: API_TIMEOUT_MS,
    log,
  });
  const tls = createTls(settings, api, log);
  registerCertificateExpiry(registry, tls.expiresAtMs);
  const call = createHttpsClient({
    tls,
    peer: PEER_NAMES.agent,
    timeoutMs: AGENT_TIMEOUT_MS,
    maxBodyBytes: MAX_ANSWER_BYTES,
  });
  log.info({ version, ...settings }, 'controller starting');

  const recorder = createEventRecorder({
    api,
    clock,
    random,
    log,
    reportingController: 'checkpoint-warden.dev/controller',
    reportingInstance: hostname(),
  });
  const controller = createController(
    {
      api,
      call,
      clock,
      random,
      log,
      metrics,
      recordEvent: recorder.record,
      whileLeading: tls.whileLeading,
      ready: tls.ready,
    },
    { ...options, identity: `${hostname()}_${randomUUID()}` },
  );

  return runUntilSignal(
    {
      metrics: healthServer(settings, registry, log),
      ...(tls.component === undefined ? {} : { tls: tls.component }),
      events: recorder,
      controller,
    },
    { log, graceMs: GRACE_MS },
  );
}

/** Where the certificates come from. */
interface TlsSource {
  readonly current: () => TlsSet;
  readonly expiresAtMs: () => number;
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly component: Component | undefined;
  readonly whileLeading: readonly Component[];
}

/** Files that somebody else looks after, or Secrets that the leader issues. */
function createTls({ tlsDir, namespace }: ControllerSettings, api: KubeApi, log: Logger): TlsSource {
  if (tlsDir === undefined) {
    const issuer = createTlsIssuer({ api, clock: systemClock, random: Math.random, log, namespace });
    return {
      current: issuer.current,
      expiresAtMs: issuer.expiresAtMs,
      ready: issuer.ready,
      component: undefined,
      whileLeading: [issuer],
    };
  }
  const files = openTlsFiles(tlsDir, { log });
  return {
    current: files.current,
    expiresAtMs: () => files.current().expiresAtMs,
    ready: async () => {},
    component: files,
    whileLeading: [],
  };
}

/** Probes and metrics over plain HTTP. A controller that waits to be elected is as ready as one that leads. */
function healthServer({ metricsListen }: ControllerSettings, registry: Registry, log: Logger): Component {
  const app = createHttpServer({ log });
  app.register(healthRoutes, {
    registry,
    whyNotHealthy: () => undefined,
    whyNotReady: () => undefined,
  });
  return listen(app, { name: 'metrics', address: metricsListen, graceMs: SERVER_GRACE_MS });
}
