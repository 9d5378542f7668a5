import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { STATE_FILE_MODE } from './atomic-file.ts';
import { type AuditEntry, type IntentEntry, parseAuditLine } from './audit-entry.ts';
import { firstSeqOf, isContinued, listSegments } from './audit-segment.ts';
import { type DamageHandling, damagedName, dropOldCopies, setAside } from './damage.ts';

/** What an audit log's files say about where it stopped. */
export interface RecoveredLog {
  /** The newest segment and the end of its last entry; `undefined`: there is none to go on with. */
  readonly newest: { readonly path: string; readonly end: number } | undefined;
  readonly nextSeq: number;
  /** Intents without an outcome, by sequence number. */
  readonly pending: Map<number, IntentEntry>;
}

/** No entry is shorter. */
const MIN_LINE_BYTES = 60;

/** How many entries damaged bytes can have held at most: so many numbers are left out rather than used twice. */
function entriesIn(bytes: number): number {
  return Math.floor(bytes / MIN_LINE_BYTES);
}

/**
 * Finds out where an audit log stopped. What a crash left torn at its end is cut off and set aside: it was never
 * acknowledged, so nothing was deleted for it. Damaged lines in between stay where they are and are reported.
 *
 * Of older segments only those are looked at in which intents were pending when the next one was started.
 */
export function recoverAuditLog(dir: string, handling: DamageHandling): RecoveredLog {
  const segments = listSegments(dir);
  const first = segments.findLastIndex((path) => !isContinued(path));
  const scans = segments.slice(Math.max(0, first)).map((path) => scan(path, handling));
  const pending = new Map<number, IntentEntry>();
  for (const entry of scans.flatMap(({ entries }) => entries)) {
    if (entry.kind === 'intent') pending.set(entry.seq, entry);
    else pending.delete(entry.intent);
  }
  const newest = scans.at(-1);
  return {
    newest: newest?.end === undefined ? undefined : { path: newest.path, end: newest.end },
    nextSeq: newest?.nextSeq ?? 1,
    pending,
  };
}

interface Scan {
  readonly path: string;
  readonly entries: readonly AuditEntry[];
  readonly nextSeq: number;
  /** End of the last entry in bytes; `undefined`: the file cannot be read and was set aside. */
  readonly end: number | undefined;
}

function scan(path: string, handling: DamageHandling): Scan {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    const setAsideAs = setAside(path, (error as Error).message, handling);
    return {
      path,
      entries: [],
      nextSeq: firstSeqOf(path) + entriesIn(statSync(setAsideAs).size),
      end: undefined,
    };
  }
  const entries: AuditEntry[] = [];
  let end = 0;
  let damagedLines = 0;
  let damagedBeforeEnd = 0;
  let from = 0;
  for (let to = content.indexOf('\n'); to !== -1; to = content.indexOf('\n', from)) {
    const entry = parseAuditLine(content.toString('utf8', from, to));
    if (entry !== undefined) {
      entries.push(entry);
      end = to + 1;
      damagedBeforeEnd = damagedLines;
    } else if (to > from) {
      damagedLines += 1;
    }
    from = to + 1;
  }
  if (damagedBeforeEnd > 0)
    handling.onDamage({ file: path, reason: `${damagedBeforeEnd} lines cannot be read` });
  const torn = cutTail(path, content.subarray(end), end, handling);
  const lastSeq = entries.at(-1)?.seq ?? firstSeqOf(path) - 1;
  return { path, entries, nextSeq: lastSeq + 1 + entriesIn(torn), end };
}

/** @returns the number of bytes that were not blank */
function cutTail(path: string, tail: Buffer, end: number, handling: DamageHandling): number {
  if (tail.length === 0) return 0;
  const torn = tail.toString('latin1').trim().length;
  if (torn > 0) {
    const setAsideAs = damagedName(path, handling.clock);
    writeFileSync(setAsideAs, tail, { mode: STATE_FILE_MODE });
    dropOldCopies(path);
    handling.onDamage({ file: path, reason: 'its end was torn', setAsideAs });
  }
  truncateSync(path, end);
  return torn;
}
