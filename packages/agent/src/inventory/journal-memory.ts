import type { Journal } from '../state/journal.ts';
import type { AgentMemory, MemoryChange, Recalled, RememberedArchive } from './remembered.ts';

/**
 * What the inventory's journal holds: archives by `archive/<name>`, groups with an arrival by `due/<group>`, rules under
 * which something has arrived by `arrival/<rule>/<group>` and those under which a group is still due by `still-due/<rule>/<group>`,
 * and the clock. Keys of another form are let be: a later version may have them.
 */
export type JournalValue = RememberedArchive | true | number;

const ARCHIVE = 'archive/';
const DUE = 'due/';
const ARRIVAL = 'arrival/';
const STILL_DUE = 'still-due/';
/** The latest wall time seen, Unix ms. Also the sign that there is a memory at all. */
const CLOCK = 'clock';

/** The port of {@link AgentMemory} in a journal. */
export function journalMemory(journal: Journal<JournalValue>): AgentMemory {
  const clock = journal.entries.get(CLOCK);
  const lastSeenMs = typeof clock === 'number' ? clock : undefined;
  return {
    lastSeenMs,
    recalled: lastSeenMs === undefined ? undefined : recall(journal.entries),
    save: (changes) => journal.append(changes.map(toJournal)),
    saveClock: (nowMs) => journal.append([[CLOCK, nowMs]]),
  };
}

/** The check of a journal's values; the journal is our own, so what is not of this form is damage. */
export function isJournalValue(value: unknown): value is JournalValue {
  if (value === true || typeof value === 'number') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { file, structure, why, quiet, arrived, owner } = value as Partial<RememberedArchive>;
  return (
    typeof file === 'string' &&
    (structure === 'complete' || structure === 'incomplete' || structure === 'unreadable') &&
    typeof why === 'string' &&
    typeof quiet === 'boolean' &&
    typeof arrived === 'boolean' &&
    (owner === undefined || isOwner(owner))
  );
}

function isOwner(owner: unknown): boolean {
  const { namespace, pod, container, podUid } = owner as Record<string, unknown>;
  return (
    typeof namespace === 'string' &&
    typeof pod === 'string' &&
    typeof container === 'string' &&
    (podUid === undefined || typeof podUid === 'string')
  );
}

function recall(entries: ReadonlyMap<string, JournalValue>): Recalled {
  const archives = new Map<string, RememberedArchive>();
  const due = new Set<string>();
  const arrivals = new Map<string, Set<string>>();
  const stillDue = new Map<string, Set<string>>();
  for (const [key, value] of entries) {
    if (key.startsWith(DUE)) due.add(key.slice(DUE.length));
    else if (key.startsWith(ARRIVAL)) recallRule(arrivals, key.slice(ARRIVAL.length));
    else if (key.startsWith(STILL_DUE)) recallRule(stillDue, key.slice(STILL_DUE.length));
    else if (key.startsWith(ARCHIVE) && typeof value === 'object')
      archives.set(key.slice(ARCHIVE.length), value);
  }
  return { archives, due, arrivals, stillDue };
}

/** @param name - `<rule>/<group>` */
function recallRule(rules: Map<string, Set<string>>, name: string): void {
  const slash = name.indexOf('/');
  if (slash < 0) return;
  const group = name.slice(slash + 1);
  rules.set(group, new Set([...(rules.get(group) ?? []), name.slice(0, slash)]));
}

function toJournal(change: MemoryChange): readonly [string, JournalValue | undefined] {
  switch (change.kind) {
    case 'archive':
      return [ARCHIVE + change.name, change.value];
    case 'due':
      return [DUE + change.group, change.value];
    case 'arrival':
      return [`${ARRIVAL}${change.rule}/${change.group}`, change.value];
    case 'still-due':
      return [`${STILL_DUE}${change.rule}/${change.group}`, change.value];
  }
}
