import { mkdirSync } from 'node:fs';
import { unwritable } from './atomic-file.ts';
import type { AuditEntry, AuditIntent, AuditOutcome, IntentEntry } from './audit-entry.ts';
import { openAuditFiles } from './audit-files.ts';
import type { DamageHandling } from './damage.ts';
import { type AuditQuery, readAuditEntries } from './read-audit-log.ts';
import { recoverAuditLog } from './recover-audit-log.ts';

/** The node's record of every deletion: before it happens, and what became of it. */
export interface AuditLog {
  /**
   * Records what is going to be deleted. When this returns the lines are on disk, even after a power cut.
   *
   * @param intents - at most {@link AUDIT_GROUP_SIZE}, so that a group fits what is kept in reserve for a full disk
   * @returns the sequence number of each
   * @throws AppError `CW_ERR_STATE_UNWRITABLE`, retryable: none is recorded, delete nothing
   */
  append(intents: readonly AuditIntent[]): readonly number[];
  /**
   * Records what became of intents. Not flushed: an outcome that a power cut loses leaves its intent `unknown`, which the next
   * start settles by looking for the file.
   *
   * @throws AppError `CW_ERR_STATE_UNWRITABLE`, retryable: the intents stay pending
   */
  appendOutcomes(outcomes: readonly AuditOutcome[]): void;
  /**
   * Makes outcomes last through a power cut, for what is written elsewhere and relies on them.
   *
   * @throws AppError `CW_ERR_STATE_UNWRITABLE`, retryable
   */
  flush(): void;
  /** Sequence number of the last entry written; 0: there is none. It falls only when entries are lost. */
  readonly lastSeq: number;
  /** Intents whose outcome is not known. At the start those that a crash cut off: look for each file and record what became of it. */
  pendingIntents(): readonly IntentEntry[];
  /** Entries in order; an intent without a known outcome says `outcome: 'unknown'`. */
  read(query: AuditQuery): readonly AuditEntry[];
  close(): void;
}

export interface AuditLogOptions extends DamageHandling {
  /** The log starts a new file when one would grow over this. A start reads the newest, so it is not large. */
  readonly maxFileBytes?: number;
  /** The oldest files go when all together are larger. */
  readonly maxTotalBytes?: number;
}

/** Intents in one group. With the longest names a line has about 1.5 KB. */
export const AUDIT_GROUP_SIZE = 128;

const MIB = 1024 * 1024;

/**
 * Opens the audit log in a directory of its own: JSON lines in files `audit-<first sequence number>.jsonl`.
 *
 * @throws AppError `CW_ERR_STATE_UNWRITABLE`
 */
export function openAuditLog(
  dir: string,
  { maxFileBytes = 4 * MIB, maxTotalBytes = 128 * MIB, ...handling }: AuditLogOptions,
): AuditLog {
  const { recovered, files } = open(dir, maxTotalBytes, handling);
  const { pending } = recovered;
  let { nextSeq } = recovered;
  let lastSeq = nextSeq - 1;

  const record = <T extends AuditIntent | AuditOutcome, K extends string>(kind: K, facts: readonly T[]) => {
    const time = new Date(handling.clock.nowMs()).toISOString();
    // Numbers of entries that could not be written are not used again: they may be on disk all the same.
    return facts.map((each) => ({ seq: nextSeq++, time, kind, ...each }));
  };
  const write = (entries: readonly AuditEntry[], flush: boolean) => {
    const [first] = entries;
    if (first === undefined) return;
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    const hasPending = pending.size > 0;
    // Between passes nothing is pending: wait for that, so that a restart need not look for intents in older files.
    const limit = hasPending ? 2 * maxFileBytes : maxFileBytes;
    try {
      files.append(lines, { firstSeq: first.seq, hasPending, limit, flush });
    } catch (cause) {
      throw unwritable(dir, cause);
    }
    lastSeq = first.seq + entries.length - 1;
  };

  return {
    get lastSeq() {
      return lastSeq;
    },
    append(intents) {
      const entries = record('intent', intents);
      write(entries, true);
      for (const entry of entries) pending.set(entry.seq, entry);
      return entries.map((entry) => entry.seq);
    },
    appendOutcomes(outcomes) {
      write(record('outcome', outcomes), false);
      for (const { intent } of outcomes) pending.delete(intent);
      files.keepReserve();
    },
    flush() {
      try {
        files.flush();
      } catch (cause) {
        throw unwritable(dir, cause);
      }
    },
    pendingIntents: () => [...pending.values()],
    read: (query) =>
      readAuditEntries(dir, query).map((entry) =>
        entry.kind === 'intent' && pending.has(entry.seq) ? { ...entry, outcome: 'unknown' } : entry,
      ),
    close: () => files.close(),
  };
}

function open(dir: string, maxTotalBytes: number, handling: DamageHandling) {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const recovered = recoverAuditLog(dir, handling);
    return { recovered, files: openAuditFiles(dir, recovered.newest, maxTotalBytes) };
  } catch (cause) {
    throw unwritable(dir, cause);
  }
}
