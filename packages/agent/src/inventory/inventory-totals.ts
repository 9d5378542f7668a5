import type { Archive } from '@checkpoint-warden/policy';

/** What an archive counts as in totals and metrics. */
export const ARCHIVE_STATES = ['complete', 'pinned', 'writing', 'incomplete', 'unattributed'] as const;
export type ArchiveMetricState = (typeof ARCHIVE_STATES)[number];

/** Archives of one state, and their bytes. */
export interface StateTotals {
  count: number;
  bytes: number;
}

/** Sums over an inventory. */
export interface InventoryTotals {
  /** Each archive counts in one state; a pinned one as pinned. */
  readonly states: Readonly<Record<ArchiveMetricState, StateTotals>>;
  readonly count: number;
  readonly bytes: number;
  /** Time of the oldest complete archive, Unix ms. */
  readonly oldestMs: number | undefined;
}

export function inventoryTotals(archives: readonly Archive[]): InventoryTotals {
  const states = Object.fromEntries(
    ARCHIVE_STATES.map((state): [ArchiveMetricState, StateTotals] => [state, { count: 0, bytes: 0 }]),
  ) as Record<ArchiveMetricState, StateTotals>;
  let bytes = 0;
  let oldestMs: number | undefined;
  for (const archive of archives) {
    const totals = states[metricState(archive)];
    totals.count++;
    totals.bytes += archive.sizeBytes;
    bytes += archive.sizeBytes;
    if (archive.state === 'complete')
      oldestMs = Math.min(oldestMs ?? Number.POSITIVE_INFINITY, archive.createdAtMs);
  }
  return { states, count: archives.length, bytes, oldestMs };
}

function metricState({ pinned, state, owner }: Archive): ArchiveMetricState {
  if (pinned) return 'pinned';
  if (state !== 'complete') return state;
  return owner === undefined ? 'unattributed' : 'complete';
}
