import type { ArchiveStore } from '../archive/archive-store.ts';
import { fileIdKey } from '../archive/file-id.ts';
import type { AuditOutcome } from '../state/audit-entry.ts';
import type { AuditLog } from '../state/audit-log.ts';

/**
 * Settles what a crash or a full disk has left open in the audit log: for each deletion that was announced and not
 * concluded, looks whether the file is still there, and takes down what that shows. To be called between passes, and only
 * when the directory can be read: without one, every archive would seem to be gone.
 *
 * What cannot be looked at or taken down stays open until the next call.
 *
 * @returns how many were settled
 */
export function settleIntents(
  audit: Pick<AuditLog, 'pendingIntents' | 'appendOutcomes'>,
  store: Pick<ArchiveStore, 'stat'>,
): number {
  const outcomes: AuditOutcome[] = [];
  for (const { seq, archive, fileId } of audit.pendingIntents()) {
    try {
      const now = store.stat(archive);
      const isThere = now !== undefined && fileIdKey(now.fileId) === fileId;
      outcomes.push(
        isThere
          ? { intent: seq, result: 'failed', error: 'cut off; the archive is still there' }
          : { intent: seq, result: 'deleted' },
      );
    } catch {
      // safe: nothing is concluded from an error
    }
  }
  if (outcomes.length === 0) return 0;
  try {
    audit.appendOutcomes(outcomes);
    return outcomes.length;
  } catch {
    return 0; // safe: they stay open; a log that cannot be written is reported when there is something to delete
  }
}
