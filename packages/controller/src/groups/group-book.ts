import {
  type GroupsPage,
  MAX_GROUPS_ASKED,
  MAX_NEWEST,
  type NewestAnswer,
  type NewestRequest,
  type RemoteGroup,
} from '@checkpoint-warden/api';
import type { Clock } from '@checkpoint-warden/kit';
import type { Policy } from '@checkpoint-warden/policy';
import { compactArchives } from './compact-archives.ts';
import { createEntryIndex } from './entry-index.ts';
import {
  asOf,
  contentOf,
  type Entry,
  freeze,
  type Holder,
  isFresh,
  newHolder,
  type Row,
  SILENT_MS,
  touch,
} from './holder.ts';
import { type SharedRules, sharedRules } from './rules-by-hash.ts';
import { settleEntry } from './settle-entry.ts';

/** Which groups lie on which nodes, for all agents. See {@link createGroupBook}. */
export interface GroupBook {
  /** An agent has come; who was there for its node is not listened to any more. */
  join(node: string): GroupMember;
  /** It is not in the fleet any more. */
  leave(node: string): void;
  /**
   * What nodes are to enforce now.
   *
   * @returns whether other rules count than before: then nobody is told anything until every agent that answers has told of
   * its groups under them, see {@link GroupMember.rested}
   */
  follow(policies: Iterable<Policy>): boolean;
  /**
   * Brings everything up to what is known by now. To be called soon after each change, and now and then without one.
   *
   * @returns the nodes that are to be told something else, or have something to be asked
   */
  settle(): ReadonlySet<string>;
  /** Groups that lie on several nodes and may be over a limit. */
  readonly sharedCount: number;
}

/** The place of one agent in the book. Times are monotonic ms. */
export interface GroupMember {
  /** All groups of it, as of `asOfMs`. @param instance - which start of the agent tells them */
  figures(groups: GroupsPage['groups'], instance: string, asOfMs: number): void;
  /** Its figures are still right at `asOfMs`. */
  heard(asOfMs: number): void;
  /** The last call to it did not work: nobody waits for it any more. */
  failed(): void;
  /** It answers, and there is nothing to ask it for at present. */
  rested(): void;
  /** The groups whose newest archives it must be asked for, as many as one answer may be about. */
  toAsk(): NewestRequest['groups'];
  /**
   * What it answered to that, held to what was asked before.
   *
   * @returns whether it fits its figures; else these must be asked for anew
   */
  newest(asked: NewestRequest['groups'], answered: NewestAnswer['groups']): boolean;
  needs(): GroupNeeds;
  message(): GroupMessage;
}

/** What there is to be done for an agent. */
export interface GroupNeeds {
  readonly mustAsk: boolean;
  /** Another number when it is to be told something else. */
  readonly version: number;
  /** Whether it is to be told of no group. */
  readonly isEmpty: boolean;
  /** `false`: what it is to be told is about to be known. */
  readonly isSettled: boolean;
}

/** What an agent is to be told. */
export interface GroupMessage {
  readonly version: number;
  readonly groups: readonly RemoteGroup[];
  /** How many groups it says nothing of, as it would be too large: the agent counts in them what lies on its own node. */
  readonly leftOut: number;
  /** As of when, for the other node in it that was not heard of for longest, monotonic ms. Infinite: no other node is. */
  readonly oldestMs: number;
}

/** So that an answer, and a message, stay far under the 16 MiB of one. */
const MAX_ARCHIVES = 20_000;
/** How often to look for who has fallen silent. */
export const SWEEP_MS = 5_000;

/**
 * Keeps the figures of all agents, finds the groups that lie on several nodes and may be over a limit, and makes of the newest
 * archives of each what its holders are to be told (docs/adr/0016-limits-across-nodes.md).
 *
 * Nothing is worked out as it is told: groups lie on thousands of nodes, and after a change of policies all of these tell
 * theirs at once. `settle` does that, for whatever has changed since.
 *
 * @param onChange - there is something to settle
 */
export function createGroupBook({
  clock,
  onChange,
}: {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly onChange: () => void;
}): GroupBook {
  const holders = new Map<string, Holder>();
  const entries = createEntryIndex();
  const shared = new Set<Entry>();
  const changed = new Set<Entry>();
  let followed: ReadonlySet<Policy> | undefined;
  let rules: SharedRules = sharedRules(new Set());
  /** Who has yet to tell of its groups under other rules than before; until when that is waited for. */
  const awaited = new Set<Holder>();
  let awaitedUntilMs = Number.NEGATIVE_INFINITY;
  let isHeld = true;
  /** Who is heard of again: others are about to be told of its archives, and it of theirs. */
  const back = new Set<Holder>();
  let sweepMs = Number.NEGATIVE_INFINITY;

  const note = (entry: Entry): void => {
    if (entry.rows.length > 1 || entry.isShared) changed.add(entry);
  };
  const remove = (row: Row): void => {
    const { entry, holder } = row;
    entry.rows.splice(entry.rows.indexOf(row), 1);
    holder.asks.delete(row);
    if (row.newest !== undefined) freeze(row.newest);
    if (entry.merged !== undefined) touch(holder);
    else holder.content = undefined;
    if (entry.rows.length > 0) note(entry);
    else {
      changed.delete(entry);
      shared.delete(entry);
      entries.delete(entry);
    }
  };

  const setAudible = (holder: Holder, isAudible: boolean): void => {
    if (holder.isAudible === isAudible) return;
    holder.isAudible = isAudible;
    if (isAudible) back.add(holder);
    for (const { entry } of holder.rows) note(entry);
  };
  const confirm = (holder: Holder, asOfMs: number): void => {
    holder.confirmedMs = Math.max(holder.confirmedMs, asOfMs);
    setAudible(holder, clock.monotonicMs() - holder.confirmedMs <= SILENT_MS);
  };

  const leave = (node: string): void => {
    const holder = holders.get(node);
    if (holder === undefined) return;
    holders.delete(node);
    awaited.delete(holder);
    back.delete(holder);
    for (const row of holder.rows) remove(row);
    holder.rows = [];
    onChange();
  };

  const setFigures = (
    holder: Holder,
    groups: GroupsPage['groups'],
    instance: string,
    asOfMs: number,
  ): void => {
    const isSameStart = holder.instance === instance;
    holder.instance = instance;
    const rows = new Set<Row>();
    for (const { rule, group, count, bytes, version } of groups) {
      const entry = entries.of(rule, group);
      let row = entry.rows.find((each) => each.holder === holder);
      if (row === undefined) {
        row = { holder, entry, count, bytes, version, newest: undefined };
        entry.rows.push(row);
        if (entry.merged !== undefined) touch(holder);
        note(entry);
      } else if (!rows.has(row)) {
        const isSame = row.count === count && row.bytes === bytes && row.version === version && isSameStart;
        Object.assign(row, { count, bytes, version });
        const { newest } = row;
        if (newest !== undefined) {
          if (!isSameStart) newest.version = '';
          if (newest.version === version) {
            newest.frozenMs = undefined;
            holder.asks.delete(row);
          } else freeze(newest);
        }
        if (!isSame) note(entry);
      }
      rows.add(row);
    }
    for (const row of holder.rows) if (!rows.has(row)) remove(row);
    holder.rows = [...rows];
    holder.content = undefined;
    holder.isFailing = false;
    awaited.delete(holder);
    confirm(holder, asOfMs);
    onChange();
  };

  const setNewest = (
    holder: Holder,
    asked: NewestRequest['groups'],
    answered: NewestAnswer['groups'],
  ): boolean => {
    let isAsFigured = true;
    const answers = new Map(answered.map((each) => [`${each.rule} ${each.group}`, each]));
    const gone = new Set<Row>();
    for (const { rule, group } of asked) {
      const row = entries.find(rule, group)?.rows.find((each) => each.holder === holder);
      if (row === undefined) continue;
      const answer = answers.get(`${rule} ${group}`);
      isAsFigured &&= answer?.version === row.version;
      if (answer === undefined) {
        gone.add(row);
        continue;
      }
      const { version, due } = answer;
      if (row.newest !== undefined) freeze(row.newest);
      const archives = compactArchives(answer.archives);
      row.newest = { holder, node: holder.node, version, due, archives, frozenMs: undefined };
      // Settled, whatever the figures said: who has another version each time must not be asked for ever.
      row.version = version;
      holder.asks.delete(row);
      note(row.entry);
      // What it says is due is so for the groups around it as well.
      for (const broader of entries.around(row.entry)) note(broader);
    }
    for (const row of gone) remove(row);
    if (gone.size > 0) holder.rows = holder.rows.filter((row) => !gone.has(row));
    holder.isFailing = false;
    onChange();
    return isAsFigured;
  };

  const toAsk = (holder: Holder): NewestRequest['groups'] => {
    const asked: NewestRequest['groups'] = [];
    let archives = 0;
    for (const { entry, count } of holder.asks) {
      archives += Math.min(count, MAX_NEWEST);
      if (asked.length === MAX_GROUPS_ASKED || (archives > MAX_ARCHIVES && asked.length > 0)) break;
      asked.push({ group: entry.group, rule: entry.rule });
    }
    return asked;
  };

  const messageTo = (holder: Holder): GroupMessage => {
    const groups: RemoteGroup[] = [];
    let oldestMs = Number.POSITIVE_INFINITY;
    let [archives, leftOut] = [0, 0];
    for (const { merged } of contentOf(holder).entries) {
      if (merged === undefined) continue;
      const { group, named } = merged;
      const size = group.nodes.reduce((sum, node) => sum + node.archives.length, 0);
      if (archives + size > MAX_ARCHIVES) {
        leftOut += 1;
        continue;
      }
      archives += size;
      groups.push(group);
      for (const newest of named) {
        if (newest.holder !== holder) oldestMs = Math.min(oldestMs, asOf(newest));
      }
    }
    return { version: holder.version, groups, leftOut, oldestMs };
  };

  return {
    join(node) {
      leave(node);
      const holder = newHolder(node);
      holders.set(node, holder);
      /** Calls end late, also of links that are no more. */
      const isHere = () => holders.get(node) === holder;
      return {
        figures(groups, instance, asOfMs) {
          if (isHere()) setFigures(holder, groups, instance, asOfMs);
        },
        heard(asOfMs) {
          if (!isHere()) return;
          const wasAudible = holder.isAudible;
          confirm(holder, asOfMs);
          if (!wasAudible) onChange();
        },
        failed() {
          if (!isHere()) return;
          holder.isFailing = true;
          for (const { entry } of holder.asks) note(entry);
          if (awaited.delete(holder) || holder.asks.size > 0) onChange();
        },
        rested() {
          holder.isFailing = false;
          if (awaited.delete(holder) && awaited.size === 0) onChange();
        },
        toAsk: () => toAsk(holder),
        newest: (asked, answered) => (isHere() ? setNewest(holder, asked, answered) : true),
        needs() {
          const { entries: told, isWaiting } = contentOf(holder);
          return {
            mustAsk: holder.asks.size > 0,
            version: holder.version,
            isEmpty: told.length === 0,
            isSettled: !isHeld && !isWaiting && !back.has(holder),
          };
        },
        message: () => messageTo(holder),
      };
    },
    leave,
    follow(policies) {
      const now = new Set(policies);
      if (followed !== undefined && onlyInOne(now, followed).length === 0) return false;
      const isFirst = followed === undefined;
      const before = rules;
      followed = now;
      rules = sharedRules(now);
      if (rules.id === before.id && !isFirst) return false;
      for (const entry of entries.all()) {
        const { namespace, rule } = entry;
        if (rules.find(namespace, rule) !== before.find(namespace, rule)) note(entry);
      }
      for (const holder of holders.values()) if (!holder.isFailing) awaited.add(holder);
      awaitedUntilMs = clock.monotonicMs() + SILENT_MS;
      isHeld = true;
      onChange();
      return true;
    },
    settle() {
      const nowMs = clock.monotonicMs();
      const affected = new Set<string>();
      const isSweep = nowMs >= sweepMs;
      if (isSweep) {
        sweepMs = nowMs + SWEEP_MS;
        for (const holder of holders.values()) setAudible(holder, nowMs - holder.confirmedMs <= SILENT_MS);
      }
      if (nowMs >= awaitedUntilMs) awaited.clear();
      isHeld = followed === undefined || awaited.size > 0;
      if (isHeld) return affected;
      if (isSweep) {
        for (const entry of shared) {
          if (entry.merged?.named.some((newest) => !isFresh(newest, nowMs))) changed.add(entry);
        }
      }
      for (const entry of changed) {
        settleEntry(entry, { rule: rules.find(entry.namespace, entry.rule), entries, nowMs }, affected);
        if (entry.isShared) shared.add(entry);
        else shared.delete(entry);
      }
      changed.clear();
      for (const { node, version } of back) if (version > 0) affected.add(node);
      back.clear();
      return affected;
    },
    get sharedCount() {
      return shared.size;
    },
  };
}

function onlyInOne<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): T[] {
  return [...[...a].filter((each) => !b.has(each)), ...[...b].filter((each) => !a.has(each))];
}
