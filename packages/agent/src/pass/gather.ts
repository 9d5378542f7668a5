import { setImmediate } from 'node:timers/promises';
import type { GroupKey } from '@checkpoint-warden/policy';
import type { ArchiveStore, Listing } from '../archive/archive-store.ts';
import type { Inventory } from '../inventory/inventory.ts';

/** Work done in one go before other work gets its turn, in ms. */
const SLICE_MS = 5;

/** What gathering needs. */
export interface GatherPorts {
  readonly store: ArchiveStore;
  readonly inventory: Inventory;
  readonly monotonicMs: () => number;
}

/** How far a scan has come. */
export interface ScanProgress {
  readonly phase: 'listing' | 'reading';
  readonly done: number;
  /** `undefined` while it is not known yet. */
  readonly total: number | undefined;
}

/**
 * Brings the inventory up to date with the whole directory, reading only what is new or has changed.
 *
 * @returns the listing and the groups in which something has arrived
 * @throws the system error when the directory cannot be listed; the inventory is then as it was
 */
export async function gatherAll(
  { store, inventory, monotonicMs }: GatherPorts,
  onProgress?: (progress: ScanProgress) => void,
): Promise<{ readonly listing: Listing; readonly arrivals: ReadonlySet<GroupKey> }> {
  const listing = await store.list((done) => onProgress?.({ phase: 'listing', done, total: undefined }));
  const arrivals = new Set<GroupKey>();
  const names = new Set(listing.unknown);
  let sliceStartMs = monotonicMs();
  for (const file of listing.files) {
    names.add(file.name);
    for (const group of inventory.see(file, () => store.read(file), monotonicMs())) arrivals.add(group);
    if (monotonicMs() - sliceStartMs > SLICE_MS) {
      onProgress?.({ phase: 'reading', done: names.size, total: listing.files.length });
      await setImmediate();
      sliceStartMs = monotonicMs();
    }
  }
  for (const name of listing.unknown) inventory.doubt(name);
  inventory.retain(names);
  return { listing, arrivals };
}

/**
 * Brings the inventory up to date with single archives.
 *
 * @returns the groups in which something has arrived
 */
export function gatherSome(
  { store, inventory, monotonicMs }: GatherPorts,
  names: Iterable<string>,
): ReadonlySet<GroupKey> {
  const arrivals = new Set<GroupKey>();
  for (const name of names) {
    let file: ReturnType<ArchiveStore['stat']>;
    try {
      file = store.stat(name);
    } catch {
      inventory.doubt(name);
      continue;
    }
    if (file === undefined) inventory.forget(name);
    else {
      const seen = file;
      for (const group of inventory.see(seen, () => store.read(seen), monotonicMs())) arrivals.add(group);
    }
  }
  return arrivals;
}
