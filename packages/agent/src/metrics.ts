import { DELETE_REASONS } from '@checkpoint-warden/api';
import type { DeleteReason, Mode, UnreachableLimit } from '@checkpoint-warden/policy';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ARCHIVE_STATES, type InventoryTotals, type StateTotals } from './inventory/inventory-totals.ts';

export const DELETION_RESULTS = ['deleted', 'would-delete', 'failed', 'skipped'] as const;
export type DeletionResult = (typeof DELETION_RESULTS)[number];

export const LIMITS = [
  'maxCheckpoints',
  'maxTotalSize',
  'nodeMaxTotalSize',
  'minFreeSpace',
] as const satisfies readonly UnreachableLimit['limit'][];

/** The agent's metrics: aggregates with closed label sets, never a path, pod or container. */
export interface AgentMetrics {
  deletion(reason: DeleteReason, mode: Mode, result: DeletionResult): void;
  reclaimed(reason: DeleteReason, bytes: number): void;
  enforced(latencySeconds: number): void;
  scanned(durationSeconds: number, finishedMs: number): void;
  disk(sizeBytes: number, availBytes: number): void;
  policy(source: string, revision: number, hash: string, syncedMs: number): void;
  unreachable(counts: Readonly<Record<UnreachableLimit['limit'], number>>): void;
  /** How many archives wait for another attempt at their deletion. */
  failing(archives: number): void;
  clock(trusted: boolean): void;
}

const PREFIX = 'checkpoint_warden_';
/** Seconds: from a hint followed at once to the next periodic scan. */
const LATENCY_BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300];

/**
 * Registers the agent's metrics. Names and labels are in docs/reference/metrics.md, which a test compares.
 *
 * @param totals - asked at each scrape
 */
export function createMetrics(registry: Registry, totals: () => InventoryTotals): AgentMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });

  const totalsGauge = (name: string, help: string, pick: (totals: StateTotals) => number): Gauge =>
    new Gauge({
      name: PREFIX + name,
      help,
      labelNames: ['state'],
      registers,
      collect() {
        const { states } = totals();
        for (const state of ARCHIVE_STATES) this.set({ state }, pick(states[state]));
      },
    });

  totalsGauge('archives', 'Archives on the node by state.', ({ count }) => count);
  totalsGauge('archive_bytes', 'Bytes of the archives on the node by state.', ({ bytes }) => bytes);
  new Gauge({
    name: `${PREFIX}oldest_archive_timestamp_seconds`,
    help: 'Time of the oldest complete archive; 0: none.',
    registers,
    collect() {
      this.set((totals().oldestMs ?? 0) / 1000);
    },
  });
  const deletions = counter('deletions_total', 'Deletions decided, by reason, mode and result.', [
    'reason',
    'mode',
    'result',
  ]);
  const reclaimed = counter('reclaimed_bytes_total', 'Bytes of deleted archives by reason.', ['reason']);
  const latency = new Histogram({
    name: `${PREFIX}enforcement_latency_seconds`,
    help: 'Time from the notice of an arrival to the end of the pass that enforced its limits.',
    buckets: LATENCY_BUCKETS,
    registers,
  });
  const scanDuration = gauge('scan_duration_seconds', 'Duration of the last full scan.');
  const lastScan = gauge('last_scan_timestamp_seconds', 'End of the last full scan.');
  const revision = gauge('policy_revision_info', 'The policy in force; the value is its revision.', [
    'source',
    'hash',
  ]);
  const lastSync = gauge(
    'last_policy_sync_timestamp_seconds',
    'When the policy in force was last confirmed.',
  );
  const size = gauge('filesystem_size_bytes', 'Size of the filesystem that holds the checkpoint directory.');
  const avail = gauge('filesystem_avail_bytes', 'Bytes available on that filesystem.');
  const unreachable = gauge('limit_unreachable', 'Groups in which pins or keepLast stand against a limit.', [
    'limit',
  ]);

  const failing = gauge('deletions_failing', 'Archives whose deletion failed and is to be tried again.');
  const clockTrusted = gauge('clock_trusted', 'Whether what depends on the clock is acted on: 1 or 0.');
  clockTrusted.set(1);

  for (const reason of DELETE_REASONS) {
    reclaimed.inc({ reason }, 0);
    deletions.inc({ reason, mode: 'Enforce', result: 'deleted' }, 0);
  }
  for (const limit of LIMITS) unreachable.set({ limit }, 0);
  return {
    deletion: (reason, mode, result) => deletions.inc({ reason, mode, result }),
    reclaimed: (reason, bytes) => reclaimed.inc({ reason }, bytes),
    enforced: (seconds) => latency.observe(seconds),
    scanned(durationSeconds, finishedMs) {
      scanDuration.set(durationSeconds);
      lastScan.set(finishedMs / 1000);
    },
    disk(sizeBytes, availBytes) {
      size.set(sizeBytes);
      avail.set(availBytes);
    },
    policy(source, value, hash, syncedMs) {
      revision.reset();
      revision.set({ source, hash: hash.slice(0, 12) }, value);
      lastSync.set(syncedMs / 1000);
    },
    unreachable(counts) {
      for (const limit of LIMITS) unreachable.set({ limit }, counts[limit]);
    },
    failing: (archives) => failing.set(archives),
    clock: (trusted) => clockTrusted.set(trusted ? 1 : 0),
  };
}
