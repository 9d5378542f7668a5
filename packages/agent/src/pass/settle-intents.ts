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
      outcomes.push({ intent: seq, ...outcomeOf(fileId, now && fileIdKey(now.fileId)) });
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

/** What became of a planned file, by what stands under its name now. */
function outcomeOf(planned: string, now: string | undefined): Pick<AuditOutcome, 'result' | 'error'> {
  if (now === planned) return { result: 'failed', error: 'cut off; the archive is still there' };
  if (now !== undefined && inodeOf(now) === inodeOf(planned)) {
    return { result: 'changed', error: 'cut off; the archive is still there and has changed' };
  }
  return { result: 'deleted' };
}

/** Device and inode of a `fileIdKey`. */
function inodeOf(key: string): string {
  return key.split(':', 2).join(':');
}
