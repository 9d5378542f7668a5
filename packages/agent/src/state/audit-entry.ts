import type { DeleteReason, Mode, Owner } from '@checkpoint-warden/policy';

/** What is going to be deleted, and why. */
export interface AuditIntent {
  /** File name. */
  readonly archive: string;
  readonly node: string;
  /** Absent where nothing in the archive tells it, as in incomplete ones. */
  readonly owner?: Owner;
  readonly bytes: number;
  /** Device, inode, size and mtime of the file, so that a later file of the same name is not taken for it. */
  readonly fileId: string;
  readonly reason: DeleteReason;
  /** The rule's id. */
  readonly rule: string;
  readonly policy: {
    /** Where it came from: a file's path, or the controller. */
    readonly source: string;
    readonly epoch?: string;
    readonly revision: number;
    readonly hash: string;
  };
  readonly mode: Mode;
}

/** What became of an intent. Only `deleted` removed something. */
export type AuditResult = 'deleted' | 'already-gone' | 'changed' | 'pinned' | 'failed';

/** The end of an intent. */
export interface AuditOutcome {
  /** Sequence number of the intent. */
  readonly intent: number;
  readonly result: AuditResult;
  readonly error?: string;
}

interface Recorded {
  /** Goes up by one with each entry, over restarts; after damage it may leave numbers out, never use one twice. */
  readonly seq: number;
  /** RFC 3339, UTC. */
  readonly time: string;
}

/** A line written before a deletion. `outcome` is not in the file: it says that none is known, yet or at all. */
export interface IntentEntry extends Recorded, AuditIntent {
  readonly kind: 'intent';
  readonly outcome?: 'unknown';
}

/** A line written after it. */
export interface OutcomeEntry extends Recorded, AuditOutcome {
  readonly kind: 'outcome';
}

export type AuditEntry = IntentEntry | OutcomeEntry;

/** @returns `undefined` for a blank, torn or damaged line */
export function parseAuditLine(line: string): AuditEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as Partial<AuditEntry>;
    const isEntry = Number.isSafeInteger(entry.seq) && (entry.kind === 'intent' || entry.kind === 'outcome');
    return isEntry ? (entry as AuditEntry) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
