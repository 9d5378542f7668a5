import type { GroupKey, Owner } from '@checkpoint-warden/policy';
import type { ArchiveReading } from '../archive/archive-reading.ts';

/** What the agent remembers of one archive across restarts, so that it reads nothing twice and forgets no arrival. */
export interface RememberedArchive {
  /** `fileIdKey` of the file that was read: another file is read anew. */
  readonly file: string;
  readonly structure: ArchiveReading['structure'];
  readonly owner?: Owner;
  readonly why: string;
  /** Whether it had stopped changing for the quiet period. */
  readonly quiet: boolean;
  /** Whether its arrival has been noticed; an archive that cannot be counted yet, or is pinned, has not arrived. */
  readonly arrived: boolean;
}

/**
 * Whether something is so in a group under a rule, told by its hash: that something has arrived, or that the group is still due
 * although that arrival is used up.
 */
export interface GroupRuleChange {
  readonly kind: 'arrival' | 'still-due';
  readonly group: GroupKey;
  readonly rule: string;
  readonly value: true | undefined;
}

/** A change of memory: `undefined` forgets. */
export type MemoryChange =
  | { readonly kind: 'archive'; readonly name: string; readonly value: RememberedArchive | undefined }
  | { readonly kind: 'due'; readonly group: GroupKey; readonly value: true | undefined }
  | GroupRuleChange;

/** What memory holds. */
export interface Recalled {
  readonly archives: ReadonlyMap<string, RememberedArchive>;
  /** Groups with an arrival that is not used up. */
  readonly due: ReadonlySet<GroupKey>;
  /** By group, the hashes of the rules under which something has arrived. */
  readonly arrivals: ReadonlyMap<GroupKey, ReadonlySet<string>>;
  /** By group, the hashes of the rules under which it is still due. */
  readonly stillDue: ReadonlyMap<GroupKey, ReadonlySet<string>>;
}

/** The inventory's memory on disk. Losing it costs reading, and counts all that exists as seen before. */
export interface InventoryMemory {
  /** `undefined`: there is no memory (first start, or it was damaged). */
  readonly recalled: Recalled | undefined;
  save(changes: readonly MemoryChange[]): void;
}

/** An inventory's memory with the clock's last reading beside it, which is also the sign that there is a memory at all. */
export interface AgentMemory extends InventoryMemory {
  /** The latest wall time before the restart, Unix ms; `undefined` when there is no memory. */
  readonly lastSeenMs: number | undefined;
  saveClock(nowMs: number): void;
}
