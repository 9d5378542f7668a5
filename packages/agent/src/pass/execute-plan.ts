import { setImmediate } from 'node:timers/promises';
import type { DeleteReason, Verdict } from '@checkpoint-warden/policy';
import type { ArchiveStore, Removal } from '../archive/archive-store.ts';
import { type FileId, fileIdKey } from '../archive/file-id.ts';
import type { AuditIntent, AuditOutcome } from '../state/audit-entry.ts';
import { AUDIT_GROUP_SIZE, type AuditLog } from '../state/audit-log.ts';

/** One deletion to carry out: a verdict and the very file it was made for. */
export interface PlannedDeletion {
  readonly verdict: Verdict;
  readonly reason: DeleteReason;
  readonly fileId: FileId;
}

/** What an execution needs. */
export interface ExecutionPorts {
  readonly store: Pick<ArchiveStore, 'remove'>;
  readonly audit: Pick<AuditLog, 'append' | 'appendOutcomes'>;
  /** Whether policy and inventory still are those of the plan; asked before every batch (safety rule 4). */
  readonly isCurrent: () => boolean;
}

/** A deletion and what came of it. */
export interface ExecutedDeletion extends PlannedDeletion {
  readonly removal: Removal;
}

/** What an execution did. Freed bytes are told together with failures. */
export interface ExecutionReport {
  readonly executed: readonly ExecutedDeletion[];
  /** Deletions not attempted: the plan had become old, or the audit log could not be written. */
  readonly skipped: readonly PlannedDeletion[];
  /** The audit log's failures. */
  readonly auditErrors: readonly unknown[];
}

/**
 * Carries out deletions, each once: in batches, intents on disk first, then re-check and unlink one by one, outcomes after.
 *
 * A deletion that fails does not stop the rest. A plan that has become old is not carried on, and nothing is deleted that
 * the audit log could not take down before.
 */
export async function executePlan(
  deletions: readonly PlannedDeletion[],
  policy: AuditIntent['policy'],
  { store, audit, isCurrent }: ExecutionPorts,
): Promise<ExecutionReport> {
  const executed: ExecutedDeletion[] = [];
  const auditErrors: unknown[] = [];
  for (let start = 0; start < deletions.length; start += AUDIT_GROUP_SIZE) {
    if (start > 0) await setImmediate(); // other work gets its turn, and may make the plan old
    const rest = deletions.slice(start);
    if (!isCurrent()) return { executed, skipped: rest, auditErrors };
    const batch = rest.slice(0, AUDIT_GROUP_SIZE);
    let intents: readonly number[];
    try {
      intents = audit.append(batch.map((deletion) => intentOf(deletion, policy)));
    } catch (error) {
      return { executed, skipped: rest, auditErrors: [...auditErrors, error] };
    }
    const outcomes: AuditOutcome[] = [];
    batch.forEach((deletion, index) => {
      const intent = intents[index];
      if (intent === undefined) return; // no record of it, no deletion
      const { archive } = deletion.verdict;
      const leftover = archive.state === 'incomplete';
      const removal = store.remove({ name: archive.name, fileId: deletion.fileId, leftover });
      executed.push({ ...deletion, removal });
      outcomes.push({ intent, result: removal.result, ...('why' in removal ? { error: removal.why } : {}) });
    });
    try {
      audit.appendOutcomes(outcomes);
    } catch (error) {
      auditErrors.push(error); // the intents stay pending in the log; the deletions have happened
    }
  }
  return { executed, skipped: [], auditErrors };
}

function intentOf({ verdict, reason, fileId }: PlannedDeletion, policy: AuditIntent['policy']): AuditIntent {
  const { archive, rule, mode } = verdict;
  return {
    archive: archive.name,
    node: archive.node,
    ...(archive.owner === undefined ? {} : { owner: archive.owner }),
    bytes: archive.sizeBytes,
    fileId: fileIdKey(fileId),
    reason,
    rule: rule?.id ?? '',
    policy,
    mode,
  };
}
