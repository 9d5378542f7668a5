import { isAppError } from '@checkpoint-warden/errors';
import type { Clock } from '@checkpoint-warden/kit';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { AGENT_STATES, type AgentState } from './agents/agent-view.ts';

const PUSH_KINDS = ['policy', 'owners', 'remote-archives'] as const;
export type PushKind = (typeof PUSH_KINDS)[number];
/** `stale`: refused because something later was known. */
const PUSH_RESULTS = ['accepted', 'refused', 'stale', 'unreachable'] as const;
type PushResult = (typeof PUSH_RESULTS)[number];

export const POLICY_CONDITIONS = ['Accepted', 'Enforced', 'Degraded'] as const;
export const CONDITION_STATUSES = ['True', 'False', 'Unknown'] as const;
/** How many policy objects have which status of which condition. */
export type PolicyCounts = Readonly<
  Record<(typeof POLICY_CONDITIONS)[number], Readonly<Record<(typeof CONDITION_STATUSES)[number], number>>>
>;

/** The controller's metrics: aggregates with closed label sets. Only the namespaces with most archives are named. */
export interface ControllerMetrics {
  /** Times a message to an agent and counts how it ends. */
  push<T>(kind: PushKind, send: () => Promise<T>): Promise<T>;
  orphanSignal(result: OrphanSignal, count?: number): void;
  watchRestarted(resource: string, reason: string): void;
  /** A controller that leads no more forgets what it told as the leader: another one knows better by now. */
  leader(isLeader: boolean): void;
  agents(counts: Readonly<Record<AgentState, number>>): void;
  policies(counts: PolicyCounts): void;
  orphansHeld(areHeld: boolean): void;
  sharedGroups(count: number): void;
  namespaces(archives: readonly NamespaceArchives[]): void;
}

/** What the API server answered about a pod, and owners that an agent was told are gone. */
export const ORPHAN_SIGNALS = ['gone', 'there', 'unknown', 'told'] as const;
export type OrphanSignal = (typeof ORPHAN_SIGNALS)[number];

export interface NamespaceArchives {
  /** `other`: all that are not named. */
  readonly namespace: string;
  readonly archives: number;
  readonly bytes: number;
}

const PREFIX = 'checkpoint_warden_';
/** Not `namespace`: in a cluster every scrape has that label already, the namespace of the controller’s pod. */
const ARCHIVE_NAMESPACE = 'archive_namespace';
/** Seconds: from a connection that is kept to one that times out. */
const PUSH_BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10];

/** Registers the controller's metrics. Names and labels are in docs/reference/metrics.md, which a test compares. */
export function createControllerMetrics(
  registry: Registry,
  clock: Pick<Clock, 'monotonicMs'>,
): ControllerMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });

  const pushes = counter('pushes_total', 'Messages to agents by kind and result.', ['kind', 'result']);
  const duration = new Histogram({
    name: `${PREFIX}push_duration_seconds`,
    help: 'Time from sending a message to an agent to its answer.',
    labelNames: ['kind'],
    buckets: PUSH_BUCKETS,
    registers,
  });
  const signals = counter(
    'orphan_signals_total',
    'Pods asked for at the API server, by answer, and owners that an agent was told are gone.',
    ['result'],
  );
  const restarts = counter('watch_restarts_total', 'Watches that ended, by resource and reason.', [
    'resource',
    'reason',
  ]);
  const leader = gauge('leader', 'Whether this controller is the leader: 1 or 0.');
  const agents = gauge('agents', 'Agents by state, as the leader sees them.', ['state']);
  const policies = gauge('policies', 'Policy objects by condition and its status.', ['condition', 'status']);
  const held = gauge('orphans_held', 'Whether orphans are held by the annotation of the Lease: 1 or 0.');
  const sharedGroups = gauge(
    'shared_groups',
    'Groups that lie on several nodes and may be over a limit together.',
  );
  const namespaceArchives = gauge(
    'namespace_archives',
    'Archives in the namespaces with most of them; the rest as "other".',
    [ARCHIVE_NAMESPACE],
  );
  const namespaceBytes = gauge('namespace_archive_bytes', 'Bytes of those archives.', [ARCHIVE_NAMESPACE]);

  for (const kind of PUSH_KINDS) {
    for (const result of PUSH_RESULTS) pushes.inc({ kind, result }, 0);
  }
  for (const result of ORPHAN_SIGNALS) signals.inc({ result }, 0);
  leader.set(0);

  return {
    async push(kind, send) {
      const startedMs = clock.monotonicMs();
      let result: PushResult = 'accepted';
      try {
        return await send();
      } catch (error) {
        result = resultOf(error);
        throw error;
      } finally {
        pushes.inc({ kind, result });
        duration.observe({ kind }, (clock.monotonicMs() - startedMs) / 1000);
      }
    },
    orphanSignal: (result, count = 1) => signals.inc({ result }, count),
    watchRestarted: (resource, reason) => restarts.inc({ resource, reason }),
    leader(isLeader) {
      leader.set(isLeader ? 1 : 0);
      if (isLeader) return;
      for (const told of [agents, policies, held, sharedGroups, namespaceArchives, namespaceBytes])
        told.reset();
    },
    agents(counts) {
      for (const state of AGENT_STATES) agents.set({ state }, counts[state]);
    },
    policies(counts) {
      for (const condition of POLICY_CONDITIONS) {
        for (const status of CONDITION_STATUSES)
          policies.set({ condition, status }, counts[condition][status]);
      }
    },
    orphansHeld: (areHeld) => held.set(areHeld ? 1 : 0),
    sharedGroups: (count) => sharedGroups.set(count),
    namespaces(rows) {
      namespaceArchives.reset();
      namespaceBytes.reset();
      for (const { namespace, archives, bytes } of rows) {
        namespaceArchives.set({ [ARCHIVE_NAMESPACE]: namespace }, archives);
        namespaceBytes.set({ [ARCHIVE_NAMESPACE]: namespace }, bytes);
      }
    },
  };
}

function resultOf(error: unknown): PushResult {
  if (isAppError(error, 'CW_ERR_STALE_REVISION', 'CW_ERR_STALE_FACTS')) return 'stale';
  return isAppError(error, 'CW_ERR_UNREACHABLE') ? 'unreachable' : 'refused';
}
