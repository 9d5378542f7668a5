import { AppError } from '@checkpoint-warden/errors';
import { type Clock, createLogger, type Logger, Registry } from '@checkpoint-warden/kit';
import type { PlannedRemoval, Removal } from '../archive/archive-store.ts';
import { openControlState } from '../policy/control-state.ts';
import { type AgentService, createAgentService } from '../service/agent-service.ts';
import type { AuditIntent, AuditOutcome } from '../state/audit-entry.ts';
import { type WiredAgent, wireAgent } from '../wire-agent.ts';
import { callService, type ServiceAnswer, type ServiceCall } from './call-service.ts';
import type { MemoryDisk } from './memory-disk.ts';
import { KILLED, whileAlive } from './while-alive.ts';

/**
 * Told of what an agent does, synchronously and before it is done. What they throw, the agent meets as the disk's error; they
 * may also kill it, which then has not done it.
 */
export interface MemoryAgentHooks {
  /** Deletions are about to be written to the audit log. */
  readonly onIntents?: (intents: readonly AuditIntent[]) => void;
  /** A deletion is about to be carried out. */
  readonly onRemove?: (planned: PlannedRemoval) => void;
  /** A deletion has been tried. */
  readonly onRemoved?: (planned: PlannedRemoval, removal: Removal) => void;
  /** What came of deletions is about to be written to the audit log. */
  readonly onOutcomes?: (outcomes: readonly AuditOutcome[]) => void;
}

export interface MemoryAgentOptions {
  readonly node: string;
  readonly clock: Clock;
  /** For the name of this start; in [0, 1). */
  readonly random: () => number;
  /** Of the node: give that of an agent that was killed or stopped to start it again. */
  readonly disk: MemoryDisk;
  readonly hooks?: MemoryAgentHooks;
  /** Whether it runs alone, and takes no orders. */
  readonly policyFromFile?: boolean;
  readonly scanIntervalMs?: number;
  readonly quietPeriodMs?: number;
  readonly log?: Logger;
}

/** A real agent on a disk in memory, running. */
export interface MemoryAgent extends WiredAgent {
  readonly node: string;
  readonly disk: MemoryDisk;
  /** Name of this start. */
  readonly instance: string;
  readonly service: AgentService;
  /**
   * Calls its API, without HTTP: all that the controller calls.
   *
   * @throws AppError `CW_ERR_UNREACHABLE` once it was killed or stopped
   */
  call(request: ServiceCall): ServiceAnswer;
  /** Ends it here and now: whatever it is in the middle of, nothing more of it reaches the disk. */
  kill(): void;
  /** Lets it come to its end. */
  stop(): Promise<void>;
}

/**
 * Starts an agent on a disk in memory, with the policy of a controller that it finds there. All but the ports at its edges is
 * what runs on a node: the loop, the planner, the order of messages, the checks of what is sent.
 */
export function makeMemoryAgent({
  node,
  clock,
  random,
  disk,
  hooks = {},
  policyFromFile = false,
  scanIntervalMs = 60_000,
  quietPeriodMs = 60_000,
  log = createLogger({ level: 'silent', terminal: false }),
}: MemoryAgentOptions): MemoryAgent {
  const instance = `${node}-${Math.floor(random() * 2 ** 48).toString(16)}`;
  let alive = true;
  let serving = true;
  const own = <T extends object>(port: T): T => whileAlive(port, () => alive);

  const { store, audit } = { store: own(disk.store), audit: own(disk.audit) };
  const wired = wireAgent(
    {
      node,
      store: own({
        ...disk.store,
        remove(planned) {
          hooks.onRemove?.(planned);
          const removal = store.remove(planned);
          hooks.onRemoved?.(planned, removal);
          return removal;
        },
      }),
      memory: own(disk.memory.open()),
      audit: own({
        append(intents) {
          hooks.onIntents?.(intents);
          return audit.append(intents);
        },
        appendOutcomes(outcomes) {
          hooks.onOutcomes?.(outcomes);
          audit.appendOutcomes(outcomes);
        },
        flush: () => audit.flush(),
        get lastSeq() {
          return audit.lastSeq;
        },
        pendingIntents: () => audit.pendingIntents(),
        read: (query) => audit.read(query),
        close: () => audit.close(),
      }),
      totals: own(disk.totals),
      clock,
      log,
      registry: new Registry(),
    },
    { scanIntervalMs, quietPeriodMs },
  );
  const control = openControlState({
    policy: own(disk.control.policy),
    owners: own(disk.control.owners),
    remoteArchives: own(disk.control.remoteArchives),
  });
  if (!policyFromFile && control.policy !== undefined) wired.agent.enforce(control.policy);
  const service = createAgentService({ ...wired, node, instance, control, policyFromFile, clock, log });

  const ending = new AbortController();
  const ended = wired.agent.run(ending.signal).catch((error: Error) => {
    if (error.message !== KILLED) throw error;
  });
  return {
    ...wired,
    node,
    disk,
    instance,
    service,
    call(request) {
      if (!alive || !serving)
        throw new AppError('CW_ERR_UNREACHABLE', `the agent of ${node} does not run`, { retryable: true });
      return callService(service, request);
    },
    kill() {
      alive = false;
      ending.abort();
    },
    async stop() {
      serving = false;
      ending.abort();
      await ended;
      if (alive) wired.deletionTotals.save();
      alive = false;
    },
  };
}
