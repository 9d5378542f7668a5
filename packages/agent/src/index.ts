export { agentSocketIn } from './agent-socket.ts';
export {
  type ArchiveName,
  archiveNameOfPin,
  PIN_SUFFIX,
  parseArchiveName,
  pinNameOf,
} from './archive/archive-name.ts';
export type { ArchiveReading } from './archive/archive-reading.ts';
export type { ArchiveStore, ListedFile, Listing } from './archive/archive-store.ts';
export { fileArchiveStore } from './archive/file-archive-store.ts';
export { type FileId, fileIdKey, fileIdOf, sameFile } from './archive/file-id.ts';
export { readArchive } from './archive/read-archive.ts';
export { createInventory, type Inventory } from './inventory/inventory.ts';
export type { InventoryMemory } from './inventory/remembered.ts';
export { gatherAll, type ScanProgress } from './pass/gather.ts';
export { AgentSettings } from './settings.ts';
