import type { GroupArchive, RemoteGroup } from '@checkpoint-warden/api';
import type { GroupLevel } from '@checkpoint-warden/policy';
import type { NodeNewest } from './merge-newest.ts';

/** A holder that was not heard of for so long is left out of what others are told (docs/explanation/retention.md). */
export const SILENT_MS = 45_000;

/** One agent, and its figures. Times are monotonic ms. */
export interface Holder {
  readonly node: string;
  /** The start of the agent that its figures are of. */
  instance: string | undefined;
  /** When its figures were last known to be right. */
  confirmedMs: number;
  /** Whether that is not too long ago. */
  isAudible: boolean;
  /** Whether what it was last asked did not work. */
  isFailing: boolean;
  rows: readonly Row[];
  /** Those whose newest archives it must be asked for. */
  readonly asks: Set<Row>;
  /** Another number when it is to be told something else. */
  version: number;
  /** What it is to be told; `undefined`: to be made anew. */
  content: Content | undefined;
}

export interface Content {
  readonly entries: readonly Entry[];
  /** Whether some group of it is not known yet. */
  readonly isWaiting: boolean;
}

/** Figures of one group on one node. There are hundreds of thousands: the names are those of the entry. */
export interface Row {
  readonly holder: Holder;
  readonly entry: Entry;
  count: number;
  bytes: number;
  version: string;
  newest: Newest | undefined;
}

/** The newest archives of one group on one node. */
export interface Newest extends NodeNewest {
  readonly holder: Holder;
  /** Empty: of an earlier start of the agent. */
  version: string;
  readonly archives: readonly GroupArchive[];
  /** When it was last known to be right, where that is over; `undefined`: it is right whenever the figures are. */
  frozenMs: number | undefined;
}

/** One group under one rule, wherever it lies. */
export interface Entry {
  readonly rule: string;
  readonly group: string;
  readonly namespace: string;
  readonly level: GroupLevel;
  readonly rows: Row[];
  /** Whether it lies on several nodes and may be over a limit. */
  isShared: boolean;
  /** Whether nothing can be told of it before somebody who answers has been asked. */
  isWaiting: boolean;
  merged: Merged | undefined;
}

/** What all holders of a group are told. They share it. */
export interface Merged {
  readonly group: RemoteGroup;
  /** What it is made from. */
  readonly named: readonly Newest[];
}

export function newHolder(node: string): Holder {
  return {
    node,
    instance: undefined,
    confirmedMs: Number.NEGATIVE_INFINITY,
    isAudible: false,
    isFailing: false,
    rows: [],
    asks: new Set(),
    version: 0,
    content: undefined,
  };
}

/** When a list was last known to be right. */
export function asOf({ frozenMs, holder }: Newest): number {
  return frozenMs ?? holder.confirmedMs;
}

/** From now on it may be wrong. */
export function freeze(newest: Newest): void {
  newest.frozenMs ??= newest.holder.confirmedMs;
}

export function isFresh(newest: Newest, nowMs: number): boolean {
  return nowMs - asOf(newest) <= SILENT_MS;
}

/** What is to be told to a holder. */
export function contentOf(holder: Holder): Content {
  holder.content ??= {
    entries: holder.rows.flatMap(({ entry }) => (entry.merged === undefined ? [] : [entry])),
    isWaiting: holder.rows.some(({ entry }) => entry.isWaiting),
  };
  return holder.content;
}

/** What a holder is to be told is something else. */
export function touch(holder: Holder): void {
  holder.version += 1;
  holder.content = undefined;
}
