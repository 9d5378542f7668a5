import { createController, createControllerMetrics } from '@checkpoint-warden/controller/testing';
import { type Component, createLogger, type HttpsClient, Registry } from '@checkpoint-warden/kit';
import type { KubeApi } from '@checkpoint-warden/kube';
import { createGate, type Gate } from './gate.ts';
import { AGENT_PORT, AGENT_SELECTOR, LEASE, NAMESPACE } from './stage.ts';
import type { MachineClock } from './virtual-clock.ts';
import { type DyingWatches, watchesThatDie } from './watches-that-die.ts';

/** One leadership of one process. */
export interface LeaderTerm {
  readonly identity: string;
  /** Aborted when it ends. */
  readonly signal: AbortSignal;
  readonly startedMs: number;
}

export interface ControllerPorts {
  /** As this process has it, with its faults. */
  readonly api: KubeApi;
  /** Whether the call of the API server that was just made meets a fault. */
  readonly isImpaired: () => boolean;
  readonly call: (term: () => LeaderTerm | undefined) => HttpsClient;
  readonly clock: MachineClock;
  readonly random: () => number;
  readonly fixedAgents: readonly { readonly node: string; readonly url: string; readonly origin: string }[];
  readonly pollIntervalMs: number;
  /** It has become the leader. */
  readonly onLeading: () => void;
  /** It came to its end by itself, which no controller ever does. */
  readonly onFailure: (error: unknown) => void;
}

/** A whole controller, which can be ended and stopped at any await. */
export interface ControllerProcess {
  readonly identity: string;
  readonly gate: Gate;
  readonly watches: DyingWatches;
  /** While it leads, or believes to. */
  readonly term: LeaderTerm | undefined;
  crash(): void;
  /** Frees what a process that has crashed still holds. Nothing of it gets out any more. */
  bury(): void;
  /** Lets it come to its end, as SIGTERM does. */
  stop(): Promise<void>;
}

const log = createLogger({ level: 'silent', terminal: false });

/** Starts a controller, less what serves and certifies. */
export function startController(identity: string, ports: ControllerPorts): ControllerProcess {
  const gate = createGate();
  const stopping = new AbortController();
  const watches = watchesThatDie(ports.clock, ports.isImpaired);
  let term: LeaderTerm | undefined;

  const { clock: machine } = ports;
  const clock = {
    nowMs: () => machine.nowMs(),
    monotonicMs: machine.monotonicMs,
    sleep: (ms: number, signal: AbortSignal) => gate.wait(machine.sleep(ms, signal)),
  };
  const outside = ports.api;
  const api: KubeApi = {
    list: (...args) => gate.call(() => outside.list(...args)),
    get: (...args) => gate.call(() => outside.get(...args)),
    create: (...args) => gate.call(() => outside.create(...args)),
    replace: (...args) => gate.call(() => outside.replace(...args)),
    applyStatus: (...args) => gate.call(() => outside.applyStatus(...args)),
    watch: (resource, query, onEvent, signal) =>
      gate.call(() =>
        watches.watch(outside, resource, query, (event) => gate.enter(() => onEvent(event)), signal),
      ),
  };
  const network = ports.call(() => term);
  const call: HttpsClient = (request) => gate.call(() => network(request));

  const metrics = createControllerMetrics(new Registry(), clock);
  const leading: Component = {
    async run(signal) {
      term = { identity, signal, startedMs: machine.monotonicMs() };
      ports.onLeading();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      term = undefined;
    },
  };
  const controller = createController(
    { api, clock, random: ports.random, log, metrics, call, recordEvent: () => {}, whileLeading: [leading] },
    {
      identity,
      leaseName: LEASE.name,
      namespace: NAMESPACE,
      agentSelector: AGENT_SELECTOR,
      agentPort: AGENT_PORT,
      fixedAgents: ports.fixedAgents,
      pollIntervalMs: ports.pollIntervalMs,
    },
  );
  const ended = controller.run(stopping.signal).catch(ports.onFailure);

  return {
    identity,
    gate,
    watches,
    get term() {
      return term;
    },
    crash() {
      gate.crash();
      watches.closeAll();
    },
    // Signals that are made of others stay alive until these are aborted.
    bury: () => stopping.abort('over'),
    async stop() {
      stopping.abort(new Error('SIGTERM'));
      await ended;
    },
  };
}
