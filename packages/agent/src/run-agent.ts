import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { AppError, type Problem } from '@checkpoint-warden/errors';
import {
  type Component,
  createHttpServer,
  createLogger,
  healthRoutes,
  type Logger,
  listen,
  listenOnSocket,
  openTlsFiles,
  PEER_NAMES,
  Registry,
  registerBuildInfo,
  registerCertificateExpiry,
  registerProcessMetrics,
  runUntilSignal,
  systemClock,
} from '@checkpoint-warden/kit';
import { agentSocketIn } from './agent-socket.ts';
import { type AssembledAgent, assembleAgent } from './assemble-agent.ts';
import { createHealthChecks } from './health-checks.ts';
import { agentApi } from './http/agent-api.ts';
import type { ApiPorts } from './http/api-ports.ts';
import { readOnlyApi } from './http/read-only-api.ts';
import { controlFiles, openControlState } from './policy/control-state.ts';
import { openPolicyFile } from './policy/policy-file.ts';
import { createAgentService } from './service/agent-service.ts';
import type { AgentSettings } from './settings.ts';

/** Time to stop in, under the 30 s that Kubernetes gives by default. */
const GRACE_MS = 10_000;

/** Time that requests under way get when a server stops. */
const SERVER_GRACE_MS = 2_000;
/** Room for the owner states of a node with tens of thousands of archives. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** What runs, and how it talks. */
export interface RunOptions {
  readonly version: string;
  /** Whether people read the log along. */
  readonly terminal: boolean;
}

/**
 * Runs the agent of one node until it is told to stop: builds every part, wires them and starts them in order.
 *
 * @returns the exit code
 * @throws AppError when a setting, the policy file, the state directory or the TLS files cannot be used at the start
 */
export async function runAgent(settings: AgentSettings, { version, terminal }: RunOptions): Promise<number> {
  checkCombination(settings);
  const log = createLogger({ level: settings.logLevel, terminal });
  const registry = new Registry();
  registerBuildInfo(registry, version);
  registerProcessMetrics(registry);

  // Before the state directory is opened: a wrong policy file leaves no trace.
  const policyFile =
    settings.policyFile === undefined
      ? undefined
      : openPolicyFile(settings.policyFile, { log, onPolicy: (policy) => assembled.agent.enforce(policy) });
  const node = settings.nodeName ?? hostname();
  const assembled: AssembledAgent = assembleAgent({
    node,
    checkpointDir: settings.checkpointDir,
    stateDir: settings.stateDir,
    scanIntervalMs: settings.scanIntervalMs,
    quietPeriodMs: settings.quietPeriodMs,
    clock: systemClock,
    log,
    registry,
  });
  log.info({ version, ...settings }, 'agent starting');
  const control = openControlState(controlFiles(settings.stateDir, assembled.damage));
  const initial = policyFile?.initial ?? control.policy;
  if (initial !== undefined) assembled.agent.enforce(initial);

  const instance = randomUUID();
  const service = createAgentService({
    ...assembled,
    node,
    instance,
    control,
    policyFromFile: policyFile !== undefined,
    clock: systemClock,
    log,
  });
  const api: ApiPorts = { ...assembled, service, instance };

  const parts: Record<string, Component | undefined> = {
    metrics: healthServer(settings, assembled, { registry, log }),
    policyFile,
    ...apiServer(settings, api, { registry, log }),
    agent: assembled.component,
    // Stops before the agent, which lets go of the state directory: the next one's socket would be taken away.
    socket: socketServer(settings, api, log),
  };
  const components = Object.entries(parts).filter(
    (part): part is [string, Component] => part[1] !== undefined,
  );
  return runUntilSignal(Object.fromEntries(components), { log, graceMs: GRACE_MS });
}

interface ServerPorts {
  readonly registry: Registry;
  readonly log: Logger;
}

/** Probes and metrics over plain HTTP. */
function healthServer(
  settings: AgentSettings,
  { agent }: AssembledAgent,
  { registry, log }: ServerPorts,
): Component {
  const app = createHttpServer({ log });
  const checks = createHealthChecks({
    health: agent.status,
    clock: systemClock,
    quietMs: settings.scanIntervalMs,
  });
  app.register(healthRoutes, { ...checks, registry });
  return listen(app, { name: 'metrics', address: settings.metricsListen, graceMs: SERVER_GRACE_MS });
}

/** The API over mutual TLS, with what keeps its certificates fresh; nothing when no address is set. */
function apiServer(
  { listen: address, tlsDir }: AgentSettings,
  api: ApiPorts,
  { registry, log }: ServerPorts,
): Record<string, Component> {
  if (address === undefined || tlsDir === undefined) return {};
  const tlsFiles = openTlsFiles(tlsDir, { log });
  registerCertificateExpiry(registry, () => tlsFiles.current().expiresAtMs);
  const app = createHttpServer({
    log,
    tls: { files: tlsFiles, peer: PEER_NAMES.controller },
    bodyLimitBytes: MAX_BODY_BYTES,
  });
  app.register(agentApi, api);
  return { tlsFiles, api: listen(app, { name: 'api', address, graceMs: SERVER_GRACE_MS }) };
}

/** What of the API only tells, for whoever may enter the state directory: root, who could read all its files anyway. */
function socketServer({ stateDir }: AgentSettings, api: ApiPorts, log: Logger): Component {
  const app = createHttpServer({ log });
  app.register(readOnlyApi, api);
  return listenOnSocket(app, { path: agentSocketIn(stateDir), graceMs: SERVER_GRACE_MS });
}

/** Settings that need each other. */
function checkCombination({ policyFile, listen: address, tlsDir }: AgentSettings): void {
  const problems: Problem[] = [];
  if (policyFile === undefined && address === undefined) {
    const remedy = 'give --policy-file to run alone, or --listen and --tls-dir to be told by a controller';
    problems.push({ path: '--policy-file', message: 'there is nothing to get a policy from', remedy });
  }
  if (address !== undefined && tlsDir === undefined) {
    const remedy = 'give --tls-dir with ca.crt, tls.crt and tls.key';
    problems.push({
      path: '--tls-dir',
      message: '--listen needs it: the API takes orders over mutual TLS only',
      remedy,
    });
  }
  if (address === undefined && tlsDir !== undefined) {
    problems.push({
      path: '--listen',
      message: '--tls-dir is of no use without it',
      remedy: 'give both or none',
    });
  }
  if (problems.length > 0)
    throw new AppError('CW_ERR_USAGE', 'the settings do not fit together', { problems });
}
