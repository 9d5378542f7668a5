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
  const arrivals = new Map<string, Set<string>>();
  let lastSeenMs: number | undefined;
  const save = (changes: readonly MemoryChange[]): void => {
    for (const change of changes) {
      if (change.kind === 'due') {
        if (change.value === undefined) due.delete(change.group);
        else due.add(change.group);
      } else if (change.kind === 'arrival') {
        const rules = arrivals.get(change.group) ?? new Set();
        arrivals.set(change.group, rules);
        if (change.value === undefined) rules.delete(change.rule);
        else rules.add(change.rule);
        if (rules.size === 0) arrivals.delete(change.group);
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
              arrivals: new Map(Array.from(arrivals, ([group, rules]) => [group, new Set(rules)])),
            },
      save,
      saveClock(nowMs) {
        lastSeenMs = nowMs;
      },
    }),
  };
}
