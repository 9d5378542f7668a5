import type { AgentMemory, MemoryChange, RememberedArchive } from '../inventory/remembered.ts';

/** An inventory's memory that outlives the inventory, as the journal on disk does. */
export interface MapMemory {
  /** What an agent gets that starts now. */
  open(): AgentMemory;
  /** Whether there is a memory; until then all that is found counts as seen. */
  readonly isSeeded: boolean;
}

export function mapMemory(): MapMemory {
  const archives = new Map<string, RememberedArchive>();
  const due = new Set<string>();
  const rulesOf = { arrival: new Map<string, Set<string>>(), 'still-due': new Map<string, Set<string>>() };
  let lastSeenMs: number | undefined;
  const save = (changes: readonly MemoryChange[]): void => {
    for (const change of changes) {
      if (change.kind === 'due') {
        if (change.value === undefined) due.delete(change.group);
        else due.add(change.group);
      } else if (change.kind !== 'archive') {
        const known = rulesOf[change.kind];
        const rules = known.get(change.group) ?? new Set();
        known.set(change.group, rules);
        if (change.value === undefined) rules.delete(change.rule);
        else rules.add(change.rule);
        if (rules.size === 0) known.delete(change.group);
      } else if (change.value === undefined) archives.delete(change.name);
      else archives.set(change.name, change.value);
    }
  };
  return {
    get isSeeded() {
      return lastSeenMs !== undefined;
    },
    open: () => ({
      lastSeenMs,
      recalled:
        lastSeenMs === undefined
          ? undefined
          : {
              archives: new Map(archives),
              due: new Set(due),
              arrivals: copyOf(rulesOf.arrival),
              stillDue: copyOf(rulesOf['still-due']),
            },
      save,
      saveClock(nowMs) {
        lastSeenMs = nowMs;
      },
    }),
  };
}

function copyOf(rules: ReadonlyMap<string, ReadonlySet<string>>): Map<string, ReadonlySet<string>> {
  return new Map(Array.from(rules, ([group, those]) => [group, new Set(those)]));
}
