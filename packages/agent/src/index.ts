export {
  type ArchiveName,
  archiveNameOfPin,
  PIN_SUFFIX,
  parseArchiveName,
  pinNameOf,
} from './archive/archive-name.ts';
export type { ArchiveReading } from './archive/archive-reading.ts';
export { type FileId, fileIdKey, fileIdOf, sameFile } from './archive/file-id.ts';
export { readArchive } from './archive/read-archive.ts';
export { readJsonFile, writeFileAtomic } from './state/atomic-file.ts';
export type {
  AuditEntry,
  AuditIntent,
  AuditOutcome,
  AuditResult,
  IntentEntry,
  OutcomeEntry,
} from './state/audit-entry.ts';
export { AUDIT_GROUP_SIZE, type AuditLog, type AuditLogOptions, openAuditLog } from './state/audit-log.ts';
export type { Damage, DamageHandling } from './state/damage.ts';
export { type Journal, type JournalChange, openJournal } from './state/journal.ts';
export { type AuditQuery, readAuditEntries } from './state/read-audit-log.ts';
export { openStateDir, type StateDir } from './state/state-dir.ts';
