import type { Archive } from './types.ts';

/**
 * The time an archive counts as of: the one in its name, or its mtime where the name lies in the future.
 *
 * A forged name or a clock step must never make older archives go (safety rule 7).
 *
 * @returns Unix ms; `undefined` where both lie in the future: such an archive is unattributed
 */
export function orderTimeMs(archive: Archive, nowMs: number): number | undefined {
  if (archive.createdAtMs <= nowMs) return archive.createdAtMs;
  return archive.mtimeMs <= nowMs ? archive.mtimeMs : undefined;
}

/** An archive with the time it counts as of. */
export interface Dated {
  readonly archive: Archive;
  readonly timeMs: number;
}

/** Newest first. Total over a cluster, so that two nodes never disagree on which of two archives is the newer. */
export function compareNewestFirst(a: Dated, b: Dated): number {
  return (
    b.timeMs - a.timeMs ||
    b.archive.mtimeMs - a.archive.mtimeMs ||
    compareText(b.archive.node, a.archive.node) ||
    compareText(b.archive.name, a.archive.name)
  );
}

/** By code unit: the same everywhere, whatever the locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
