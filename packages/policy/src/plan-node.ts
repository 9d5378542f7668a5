import { compareNewestFirst, compareText, type Dated, orderTimeMs } from './archive-order.ts';
import { limitOf } from './limit-of.ts';
import type { DeleteReason, NodeRule, PlanInput, UnreachableLimit, Verdict } from './types.ts';

/**
 * How far above the wanted free space an eviction goes on, so that the next archive does not start it again: a part of that
 * space, or of the rest of the disk where that is less.
 */
const FREE_SPACE_MARGIN = 0.05;

interface Evictable extends Dated {
  readonly index: number;
}

/**
 * Applies a node's own limits over all that the rules have left: first incomplete leftovers past their age, then, until
 * total size and free space both hold, the other leftovers and after them the oldest archives of the namespace that uses
 * most. Never a pinned, unattributed or unsettled archive, never one under `keepLast`.
 *
 * @param floors - indices of archives that `keepLast` protects
 * @param verdicts - changed in place: evictions replace keeps
 * @returns the node limits that cannot be reached
 */
export function planNode(
  node: NodeRule,
  input: PlanInput,
  floors: ReadonlySet<number>,
  verdicts: Verdict[],
): UnreachableLimit[] {
  dropAbandoned(node, input, verdicts);
  return input.disk === undefined ? [] : evict(node, { ...input, disk: input.disk }, floors, verdicts);
}

function dropAbandoned(node: NodeRule, input: PlanInput, verdicts: Verdict[]): void {
  const maxAgeMs = limitOf(node.maxIncompleteAgeMs);
  verdicts.forEach((verdict, index) => {
    if (verdict.reason !== 'incomplete' || input.nowMs - verdict.archive.mtimeMs <= maxAgeMs) return;
    verdicts[index] = input.clockTrusted
      ? evicted(verdict, node, 'abandoned')
      : { ...verdict, held: { by: 'clock', reason: 'abandoned' } };
  });
}

function evict(
  node: NodeRule,
  input: PlanInput & { readonly disk: NonNullable<PlanInput['disk']> },
  floors: ReadonlySet<number>,
  verdicts: Verdict[],
): UnreachableLimit[] {
  const maxTotalBytes = limitOf(node.maxTotalBytes);
  const wantedBytes = wantedFreeBytes(node, input.disk.sizeBytes);
  let totalBytes = 0;
  let freeBytes = input.disk.availBytes;
  for (const verdict of verdicts) {
    if (isLeft(verdict, node)) totalBytes += verdict.archive.sizeBytes;
    else freeBytes += verdict.archive.sizeBytes;
  }
  const isShort = freeBytes < wantedBytes;
  const roomBytes = Math.max(0, Math.min(wantedBytes, input.disk.sizeBytes - wantedBytes));
  const enoughBytes = isShort ? wantedBytes + roomBytes * FREE_SPACE_MARGIN : wantedBytes;

  let queue: ReturnType<typeof evictionQueue> | undefined;
  while (totalBytes > maxTotalBytes || freeBytes < enoughBytes) {
    queue ??= evictionQueue(node, input, floors, verdicts);
    const index = queue();
    const verdict = index === undefined ? undefined : verdicts[index];
    if (index === undefined || verdict === undefined) break;
    verdicts[index] = evicted(
      verdict,
      node,
      totalBytes > maxTotalBytes ? 'over-node-size' : 'low-free-space',
    );
    totalBytes -= verdict.archive.sizeBytes;
    freeBytes += verdict.archive.sizeBytes;
  }
  const unreachable: UnreachableLimit[] = [];
  const report = (limit: UnreachableLimit['limit'], excess: number): void => {
    if (excess > 0) unreachable.push({ limit, rule: node.id, mode: node.mode, excess });
  };
  report('nodeMaxTotalSize', totalBytes - maxTotalBytes);
  report('minFreeSpace', wantedBytes - freeBytes);
  return unreachable;
}

/** Whether an archive is still there for the node rule: what another rule only audits is not gone for one that enforces. */
function isLeft(verdict: Verdict, node: NodeRule): boolean {
  return verdict.action === 'keep' || (verdict.mode === 'Audit' && node.mode === 'Enforce');
}

/** Free space the node rule wants, in bytes; 0 when it wants none. */
export function wantedFreeBytes(node: NodeRule, sizeBytes: number): number {
  if (node.minFree === undefined) return 0;
  return 'bytes' in node.minFree ? node.minFree.bytes : Math.ceil((sizeBytes * node.minFree.percent) / 100);
}

/** Gives one index after the other in the order of eviction, `undefined` when nothing may be evicted any more. */
function evictionQueue(
  node: NodeRule,
  input: PlanInput,
  floors: ReadonlySet<number>,
  verdicts: readonly Verdict[],
): () => number | undefined {
  const leftovers: Evictable[] = [];
  const namespaces = new Map<string, { bytes: number; readonly evictable: Evictable[] }>();
  verdicts.forEach((verdict, index) => {
    const { archive } = verdict;
    if (!isLeft(verdict, node)) return;
    if (verdict.reason === 'incomplete') leftovers.push({ archive, timeMs: archive.mtimeMs, index });
    if (archive.owner === undefined) return;
    const { namespace } = archive.owner;
    const usage = namespaces.get(namespace) ?? { bytes: 0, evictable: [] };
    namespaces.set(namespace, usage);
    usage.bytes += archive.sizeBytes;
    const timeMs = orderTimeMs(archive, input.nowMs);
    const mayGo = verdict.action === 'delete' || verdict.reason === 'within-limits';
    if (mayGo && timeMs !== undefined && !floors.has(index)) usage.evictable.push({ archive, timeMs, index });
  });
  leftovers.sort(compareNewestFirst);
  for (const usage of namespaces.values()) usage.evictable.sort(compareNewestFirst);
  const byName = [...namespaces].sort(([a], [b]) => compareText(a, b)).map(([, usage]) => usage);

  return () => {
    const leftover = leftovers.pop(); // the last is the oldest
    if (leftover !== undefined) {
      const { owner } = leftover.archive;
      const usage = owner && namespaces.get(owner.namespace);
      if (usage !== undefined) usage.bytes -= leftover.archive.sizeBytes;
      return leftover.index;
    }
    let most: (typeof byName)[number] | undefined;
    for (const usage of byName) {
      if (usage.evictable.length > 0 && (most === undefined || usage.bytes > most.bytes)) most = usage;
    }
    const oldest = most?.evictable.pop();
    if (most !== undefined && oldest !== undefined) most.bytes -= oldest.archive.sizeBytes;
    return oldest?.index;
  };
}

function evicted(verdict: Verdict, node: NodeRule, reason: DeleteReason): Verdict {
  return { archive: verdict.archive, action: 'delete', reason, rule: node, mode: node.mode };
}
