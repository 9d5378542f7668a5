import type { InventoryMemory, MemoryChange, RememberedArchive } from '../inventory/remembered.ts';

/** An inventory's memory that outlives the inventory, as the journal on disk does. */
export interface MapMemory {
  /** What an inventory gets that starts now. */
  open(): InventoryMemory;
  save(changes: readonly MemoryChange[]): void;
  /** Whether there is a memory; until then all that is found counts as seen. */
  readonly isSeeded: boolean;
  /** From now on there is a memory, even an empty one. */
  markSeeded(): void;
}

export function mapMemory(): MapMemory {
  const archives = new Map<string, RememberedArchive>();
  const due = new Set<string>();
  let isSeeded = false;
  const save = (changes: readonly MemoryChange[]): void => {
    for (const change of changes) {
      if (change.kind === 'due') {
        if (change.value === undefined) due.delete(change.group);
        else due.add(change.group);
      } else if (change.value === undefined) archives.delete(change.name);
      else archives.set(change.name, change.value);
    }
  };
  return {
    get isSeeded() {
      return isSeeded;
    },
    save,
    open: () => ({
      recalled: isSeeded ? { archives: new Map(archives), due: new Set(due) } : undefined,
      save,
    }),
    markSeeded() {
      isSeeded = true;
    },
  };
}
