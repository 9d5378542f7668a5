import type { Clock } from '@checkpoint-warden/kit';
import type { ControlStorage } from '../policy/control-state.ts';
import type { AuditLog } from '../state/audit-log.ts';
import type { SavedTotals } from '../state/count-deletions.ts';
import type { Stored } from '../state/stored.ts';
import { type MapMemory, mapMemory } from './map-memory.ts';
import { type MemoryArchiveStore, memoryArchiveStore } from './memory-archive-store.ts';
import { memoryAuditLog } from './memory-audit-log.ts';
import { storedValue } from './stored-value.ts';

/** All of a node that outlives its agent: the checkpoint directory and the state directory, in memory. */
export interface MemoryDisk {
  readonly store: MemoryArchiveStore;
  readonly memory: MapMemory;
  readonly audit: AuditLog;
  readonly control: ControlStorage;
  readonly totals: Stored<SavedTotals>;
}

/** Makes the empty disk of a node. */
export function memoryDisk(clock: Pick<Clock, 'nowMs'>): MemoryDisk {
  return {
    store: memoryArchiveStore(),
    memory: mapMemory(),
    audit: memoryAuditLog(clock),
    control: { policy: storedValue(), owners: storedValue(), remoteArchives: storedValue() },
    totals: storedValue(),
  };
}
