import { type Archive, type GroupKey, groupKey, groupKeysOf, type Owner } from '@checkpoint-warden/policy';
import { parseArchiveName } from '../archive/archive-name.ts';
import type { ArchiveReading } from '../archive/archive-reading.ts';
import type { ListedFile } from '../archive/archive-store.ts';
import { fileIdKey, sameFile } from '../archive/file-id.ts';
import { createGroupRules, type RulesByGroup } from './group-rules.ts';
import type { GroupRuleChange, InventoryMemory, MemoryChange, RememberedArchive } from './remembered.ts';

interface Entry {
  readonly file: ListedFile;
  /** What the file was found to be. The object that memory holds as well, so that there is one of it. */
  readonly remembered: RememberedArchive;
  /** Monotonic ms at which this very file was first seen. */
  readonly sinceMs: number;
  readonly archive: Archive;
}

/** What the inventory needs to know of its surroundings. */
export interface InventoryOptions {
  readonly node: string;
  /** How long an archive that is not complete must stay unchanged to count as a leftover, in ms. */
  readonly quietPeriodMs: number;
  readonly memory: InventoryMemory;
}

/** What one agent knows of the archives on its node. See {@link createInventory}. */
export interface Inventory {
  /** Grows with every change of what the planner would see. */
  readonly revision: number;
  readonly size: number;
  /**
   * Takes note of one archive as it is now.
   *
   * @param read - reads it; called only when nothing valid is known of this very file
   * @returns the group keys in which this is an arrival; empty when it is none
   */
  see(file: ListedFile, read: () => ArchiveReading, monotonicMs: number): readonly GroupKey[];
  /**
   * Takes note that an archive cannot be looked at: until it can, it is unattributed, so that neither it nor an older one
   * goes because of what was known before. It does not arrive again afterwards.
   */
  doubt(name: string): void;
  /** Takes note that an archive is not there any more. */
  forget(name: string): void;
  /** Forgets all but these names, after a full scan. Ends the first scan, after which everything new is an arrival. */
  retain(names: ReadonlySet<string>): void;
  /** All archives, or those of some namespaces (archives without an owner belong to none). */
  archives(namespaces?: ReadonlySet<string>): Archive[];
  get(
    name: string,
  ): { readonly archive: Archive; readonly file: ListedFile; readonly why: string } | undefined;
  /** Keys of the containers of which an archive was first seen, as it is now, after that moment. */
  containersSeenSince(monotonicMs: number): ReadonlySet<GroupKey>;
  /** Groups with an arrival that is not used up. */
  readonly arrived: ReadonlySet<GroupKey>;
  /** Groups in which count and size limits act (docs/explanation/retention.md, 4): those, and those that are still due. */
  readonly due: ReadonlySet<GroupKey>;
  /** Owners of the archives that cannot be looked at: nobody can tell whether the limits of their groups hold. */
  inDoubt(): readonly Owner[];
  /**
   * Uses up arrivals. Of these groups only those stay due that are said to, and only for as long as a rule is in force that they
   * are said to be so under: an edit deletes nothing by itself.
   */
  settle(groups: Iterable<GroupKey>, stillDue: RulesByGroup): void;
  /**
   * Takes note of the rules under which something has arrived in groups, told by their hashes. It is remembered over restarts,
   * until something arrives anew, another rule is in force or there is no archive of the group any more.
   */
  noteArrivals(arrivals: RulesByGroup): void;
  /** Forgets that something has arrived, or a group is still due, under rules that are not in force. */
  forgetRules(isInForce: (group: GroupKey, rule: string) => boolean): void;
  /** The rules under which something last arrived in a group; empty where that is not known. */
  arrivedUnder(group: GroupKey): ReadonlySet<string>;
  /** Grows with every change of what is due and of the rules under which something has arrived. */
  readonly arrivalsRevision: number;
  /** Writes what has changed to memory. */
  save(): void;
}

/**
 * Keeps the inventory: archives as last seen, what reading them showed, and in which groups something has arrived.
 *
 * An archive *arrives* once, when it first can be counted: complete, attributed and not pinned. So the last byte of a slow
 * write and the removal of a pin are arrivals, too. Without memory, what the first scan finds counts as seen before, and
 * nothing is due because of it.
 */
export function createInventory({ node, quietPeriodMs, memory }: InventoryOptions): Inventory {
  const entries = new Map<string, Entry>();
  const byNamespace = new Map<string, Map<string, Entry>>();
  const recalled = new Map(memory.recalled?.archives);
  const arrived = new Set(memory.recalled?.due);
  const arrivals = createGroupRules('arrival', memory.recalled?.arrivals);
  const stillDue = createGroupRules('still-due', memory.recalled?.stillDue);
  const doubted = new Set<string>();
  const changes = new Map<string, MemoryChange>();
  let seeding = memory.recalled === undefined;
  let revision = 0;
  let arrivalsRevision = 0;
  /** Whether there may be groups whose last archive is gone. */
  let mayHaveEmptied = true;

  function look(
    file: ListedFile,
    read: () => ArchiveReading,
    before: Entry | undefined,
    monotonicMs: number,
  ): Pick<Entry, 'remembered' | 'sinceMs'> {
    if (before !== undefined && sameFile(before.file.fileId, file.fileId)) {
      const { remembered, sinceMs } = before;
      if (isFinal(remembered)) return before;
      return { remembered: judged(file, read(), monotonicMs - sinceMs, remembered.arrived), sinceMs };
    }
    const known = before === undefined ? recalled.get(file.name) : undefined;
    if (known !== undefined && isFinal(known) && known.file === fileIdKey(file.fileId)) {
      return { remembered: known, sinceMs: monotonicMs };
    }
    return { remembered: judged(file, read(), 0, false), sinceMs: monotonicMs };
  }

  function judged(
    { fileId }: ListedFile,
    reading: ArchiveReading,
    unchangedMs: number,
    hasArrived: boolean,
  ): RememberedArchive {
    const { structure, why, settled } = reading;
    const owner = reading.structure === 'complete' ? reading.owner : undefined;
    return {
      file: settled ? fileIdKey(fileId) : UNSETTLED,
      structure,
      ...(owner === undefined ? {} : { owner }),
      why,
      quiet: settled && unchangedMs >= quietPeriodMs,
      arrived: hasArrived,
    };
  }

  return {
    get revision() {
      return revision;
    },
    get size() {
      return entries.size;
    },
    arrived,
    get due() {
      return stillDue.size === 0 ? arrived : new Set([...arrived, ...stillDue.groups()]);
    },
    see(file, read, monotonicMs) {
      const before = entries.get(file.name);
      if (before !== undefined && isUnchanged(before, file)) return [];
      const { remembered: found, sinceMs } = look(file, read, before, monotonicMs);
      const archive = archiveOf(file, found, node);
      const countable = archive.state === 'complete' && archive.owner !== undefined && !archive.pinned;
      const arrives = countable && !found.arrived;
      const remembered = found.arrived === countable ? found : { ...found, arrived: countable };
      put({ file, remembered, sinceMs, archive }, before);
      doubted.delete(file.name);
      if (before === undefined || !sameArchive(before.archive, archive)) revision++;
      rememberIfNew(file.name, remembered, before?.remembered ?? recalled.get(file.name));
      recalled.delete(file.name);
      if (!arrives || seeding || archive.owner === undefined) return [];
      const groups = groupKeysOf(archive.owner);
      for (const group of groups) {
        arrived.add(group);
        changes.set(`due/${group}`, { kind: 'due', group, value: true });
      }
      arrivalsRevision++;
      return groups;
    },
    doubt(name) {
      const before = entries.get(name);
      if (before?.archive.owner === undefined) return;
      put({ ...before, archive: { ...before.archive, owner: undefined } }, before);
      doubted.add(name);
      revision++;
    },
    forget,
    retain(names) {
      for (const name of entries.keys()) if (!names.has(name)) forget(name);
      for (const name of recalled.keys()) {
        if (names.has(name)) continue; // it is there and could not be looked at yet
        recalled.delete(name);
        changes.set(name, { kind: 'archive', name, value: undefined });
      }
      seeding = false;
      forgetEmptyGroups();
    },
    archives(namespaces) {
      if (namespaces === undefined) return Array.from(entries.values(), (entry) => entry.archive);
      const archives: Archive[] = [];
      for (const namespace of namespaces) {
        for (const { archive } of byNamespace.get(namespace)?.values() ?? []) archives.push(archive);
      }
      return archives;
    },
    get(name) {
      const entry = entries.get(name);
      return entry && { archive: entry.archive, file: entry.file, why: entry.remembered.why };
    },
    containersSeenSince(monotonicMs) {
      const containers = new Set<GroupKey>();
      for (const { sinceMs, archive } of entries.values()) {
        if (sinceMs > monotonicMs && archive.owner !== undefined)
          containers.add(groupKey('container', archive.owner));
      }
      return containers;
    },
    inDoubt() {
      const known = [...Array.from(doubted, (name) => entries.get(name)?.remembered), ...recalled.values()];
      return known.flatMap((each) => each?.owner ?? []);
    },
    settle(groups, left) {
      const settled = new Set(groups);
      for (const group of settled) {
        if (!arrived.delete(group)) continue;
        changes.set(`due/${group}`, { kind: 'due', group, value: undefined });
        arrivalsRevision++;
      }
      changeRules(
        stillDue.replace(new Map(Array.from(settled, (group) => [group, left.get(group) ?? new Set()]))),
      );
    },
    noteArrivals: (noted) => changeRules(arrivals.replace(noted)),
    forgetRules(isInForce) {
      changeRules(arrivals.retain(isInForce));
      changeRules(stillDue.retain(isInForce));
    },
    arrivedUnder: (group) => arrivals.of(group),
    get arrivalsRevision() {
      return arrivalsRevision;
    },
    save() {
      if (changes.size === 0) return;
      // Arrivals first: of a write that a kill cuts short, no archive may be left as arrived, and none as used up, without them.
      const all = [...changes.values()];
      memory.save([...all.filter(isArrival), ...all.filter((change) => !isArrival(change))]);
      changes.clear();
    },
  };

  function put(entry: Entry, before: Entry | undefined): void {
    if (before !== undefined) unindex(before);
    const { name, owner } = entry.archive;
    entries.set(name, entry);
    if (owner === undefined) return;
    const index = byNamespace.get(owner.namespace);
    if (index === undefined) byNamespace.set(owner.namespace, new Map([[name, entry]]));
    else index.set(name, entry);
  }

  function unindex({ archive: { name, owner } }: Entry): void {
    const index = owner && byNamespace.get(owner.namespace);
    index?.delete(name);
    if (index?.size === 0) byNamespace.delete(owner?.namespace ?? '');
  }

  function forget(name: string): void {
    const entry = entries.get(name);
    if (entry === undefined) return;
    entries.delete(name);
    doubted.delete(name);
    unindex(entry);
    mayHaveEmptied = true;
    revision++;
    changes.set(name, { kind: 'archive', name, value: undefined });
  }

  function changeRules(changed: readonly GroupRuleChange[]): void {
    if (changed.length > 0) arrivalsRevision++;
    for (const change of changed) changes.set(`${change.kind}/${change.rule}/${change.group}`, change);
  }

  /** What cannot be looked at is there all the same. */
  function forgetEmptyGroups(): void {
    if (!mayHaveEmptied) return;
    mayHaveEmptied = false;
    if (arrivals.size === 0) return;
    const there = new Set<GroupKey>();
    for (const { owner } of [...Array.from(entries.values(), knownOf), ...recalled.values()])
      for (const group of owner === undefined ? [] : groupKeysOf(owner)) there.add(group);
    changeRules(arrivals.retain((group) => there.has(group)));
  }

  function rememberIfNew(name: string, value: RememberedArchive, known: RememberedArchive | undefined): void {
    if (known === undefined || !sameMemory(known, value)) changes.set(name, { kind: 'archive', name, value });
  }
}

/** In place of a file's identity: matches no file, so what was not settled is read again. */
const UNSETTLED = '';

/** Whether a look at this very file would show nothing new: it need not be read again. */
function isFinal({ file, structure, quiet }: RememberedArchive): boolean {
  return file !== UNSETTLED && (structure === 'complete' || quiet);
}

function knownOf({ remembered }: Entry): RememberedArchive {
  return remembered;
}

function isArrival({ kind, value }: MemoryChange): boolean {
  return kind !== 'archive' && value !== undefined;
}

/** Nearly every archive of nearly every scan. */
function isUnchanged({ file, remembered, archive }: Entry, now: ListedFile): boolean {
  const isDoubted = archive.owner !== remembered.owner;
  return !isDoubted && file.pinned === now.pinned && sameFile(file.fileId, now.fileId) && isFinal(remembered);
}

function archiveOf(
  { name, fileId, pinned }: ListedFile,
  { structure, quiet, owner }: RememberedArchive,
  node: string,
): Archive {
  const unsettled = structure !== 'complete' && !quiet;
  return {
    name,
    node,
    sizeBytes: Number(fileId.size),
    mtimeMs: Number(fileId.mtimeNs / 1_000_000n),
    createdAtMs: parseArchiveName(name)?.createdAtMs ?? Number.POSITIVE_INFINITY, // only parsed names are listed
    // What cannot be judged is complete without an owner: unattributed, so neither rotated nor taken for a leftover.
    state: unsettled ? 'writing' : structure === 'incomplete' ? 'incomplete' : 'complete',
    owner,
    pinned,
  };
}

function sameMemory(a: RememberedArchive, b: RememberedArchive): boolean {
  if (a === b) return true;
  return (
    a.file === b.file &&
    a.structure === b.structure &&
    a.quiet === b.quiet &&
    a.arrived === b.arrived &&
    a.why === b.why
  );
}

function sameArchive(a: Archive, b: Archive): boolean {
  return (
    a.sizeBytes === b.sizeBytes &&
    a.mtimeMs === b.mtimeMs &&
    a.state === b.state &&
    a.pinned === b.pinned &&
    a.owner?.container === b.owner?.container &&
    a.owner?.namespace === b.owner?.namespace
  );
}
