import type { ArchiveStore } from '../archive/archive-store.ts';
import { fileIdKey } from '../archive/file-id.ts';
import type { AuditOutcome } from '../state/audit-entry.ts';
import type { AuditLog } from '../state/audit-log.ts';

/**
 * Settles what a crash has left open in the audit log: for each deletion that was announced and not concluded, looks
 * whether the file is still there, and takes down what that shows. An archive that cannot be looked at stays open.
 *
 * @returns how many were settled
 */
export function settleIntents(audit: AuditLog, store: Pick<ArchiveStore, 'stat'>): number {
  const outcomes: AuditOutcome[] = [];
  for (const { seq, archive, fileId } of audit.pendingIntents()) {
    try {
      const now = store.stat(archive);
      const isThere = now !== undefined && fileIdKey(now.fileId) === fileId;
      outcomes.push(
        isThere
          ? { intent: seq, result: 'failed', error: 'the agent was stopped before it came to this' }
          : { intent: seq, result: 'deleted' },
      );
    } catch {
      // safe: it stays open, and is looked at again at the next start
    }
  }
  if (outcomes.length > 0) audit.appendOutcomes(outcomes);
  return outcomes.length;
}
