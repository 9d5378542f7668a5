import { isDeepStrictEqual } from 'node:util';
import { isNearLimit, mayExceed, type Rule, reachOf } from '@checkpoint-warden/policy';
import type { EntryIndex } from './entry-index.ts';
import { type Entry, isFresh, type Merged, type Row, touch } from './holder.ts';
import { mergeNewest } from './merge-newest.ts';

/** What a group is settled by. */
export interface Surroundings {
  /** That has the hash of the entry; `undefined`: none has any more. */
  readonly rule: Rule | undefined;
  readonly entries: Pick<EntryIndex, 'find'>;
  readonly nowMs: number;
}

/**
 * Brings a group up to what is known of its holders: whether it is shared, whom to ask for its newest archives, and what all
 * of them are to be told.
 *
 * While somebody who answers has yet to be asked, the list stays as it was, so that it does not change once for each holder.
 *
 * @param affected - gets the nodes that are to be told something else, or have something to be asked
 */
export function settleEntry(
  entry: Entry,
  { rule, entries, nowMs }: Surroundings,
  affected: Set<string>,
): void {
  const reach = rule && reachOf(rule, entry.level);
  const wasShared = entry.isShared;
  const mayMatter = (rows: readonly Row[]): boolean => {
    if (reach === undefined || rows.length < 2) return false;
    let [count, bytes] = [0, 0];
    for (const row of rows) {
      count += row.count;
      bytes += row.bytes;
    }
    // A full group is over its limit with each arrival, and its holders are not told of it anew each time.
    return wasShared ? isNearLimit(count, bytes, reach) : mayExceed(count, bytes, reach);
  };
  const audible = entry.rows.filter(({ holder }) => holder.isAudible);
  entry.isShared = mayMatter(audible);

  const isPending = ask(entry, affected);
  if (!mayMatter(entry.rows)) for (const row of entry.rows) row.newest = undefined;
  const { merged } = entry;
  if (!entry.isShared || reach === undefined) tell(entry, undefined, false, affected);
  else if (isPending && (merged?.named ?? []).every((newest) => isFresh(newest, nowMs)))
    tell(entry, merged, merged === undefined, affected);
  else {
    const lists = audible.flatMap(({ newest }) =>
      newest !== undefined && isFresh(newest, nowMs) ? [newest] : [],
    );
    // A container may be due on a node that names none of its archives here.
    const isDueWithin = (key: string): boolean =>
      entries.find(entry.rule, key)?.rows.some(({ holder, newest }) => {
        return newest?.due.includes(key) && holder.isAudible && isFresh(newest, nowMs);
      }) ?? false;
    const next = mergeNewest(entry, lists, reach, isDueWithin);
    tell(entry, next.named.length === 0 ? undefined : next, false, affected);
  }
}

/** @returns whether somebody who answers must be asked */
function ask({ rows, isShared }: Entry, affected: Set<string>): boolean {
  let isPending = false;
  for (const row of rows) {
    const { holder, newest, version } = row;
    if (!isShared || !holder.isAudible || newest?.version === version) {
      holder.asks.delete(row);
      continue;
    }
    if (!holder.asks.has(row)) affected.add(holder.node);
    holder.asks.add(row);
    isPending ||= !holder.isFailing;
  }
  return isPending;
}

function tell(entry: Entry, merged: Merged | undefined, isWaiting: boolean, affected: Set<string>): void {
  const before = entry.merged;
  const isSame = isDeepStrictEqual(before?.group, merged?.group);
  const wasWaiting = entry.isWaiting;
  entry.isWaiting = isWaiting;
  // One object for as long as it says the same, from whatever it is made.
  entry.merged =
    isSame && before !== undefined && merged !== undefined ? { ...merged, group: before.group } : merged;
  if (isSame && wasWaiting === isWaiting) return;
  for (const { holder } of entry.rows) {
    if (isSame) holder.content = undefined;
    else touch(holder);
    if (!isSame || !isWaiting) affected.add(holder.node);
  }
}
