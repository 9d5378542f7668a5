import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type AuditEntry, parseAuditLine } from './audit-entry.ts';
import { firstSeqOf, listSegments } from './audit-segment.ts';

/** Bytes read at once; many times the longest line. */
const CHUNK_BYTES = 64 * 1024;

/** A part of the audit log. */
export interface AuditQuery {
  /** Only entries with a higher sequence number. */
  readonly after: number;
  /** At most so many. */
  readonly limit: number;
}

/**
 * Reads a part of an audit log from its files, oldest first, without loading the rest. Damaged lines are left out.
 *
 * @param dir - directory of the log; an agent may be writing to it
 */
export function readAuditEntries(dir: string, { after, limit }: AuditQuery): AuditEntry[] {
  const segments = listSegments(dir);
  const start = segments.findLastIndex((path) => firstSeqOf(path) <= after + 1);
  const entries: AuditEntry[] = [];
  for (const path of segments.slice(Math.max(0, start))) {
    if (entries.length >= limit) break;
    const fd = openIfThere(path);
    if (fd === undefined) continue;
    try {
      for (const { entry } of entriesFrom(fd, seek(fd, after))) {
        if (entries.length >= limit) break;
        if (entry.seq > after) entries.push(entry);
      }
    } finally {
      closeSync(fd);
    }
  }
  return entries;
}

/** Rotation may have removed a segment since it was listed. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Finds by halving where in a file to begin: no entry before there has a sequence number above `after`. */
function seek(fd: number, after: number): number {
  let low = 0;
  let high = fstatSync(fd).size;
  while (high - low > CHUNK_BYTES) {
    const middle = Math.floor((low + high) / 2);
    const next = firstEntryFrom(fd, middle);
    if (next !== undefined && next.entry.seq <= after) low = next.position;
    else high = middle;
  }
  return low;
}

/** The first whole entry that starts behind a position, near it. */
function firstEntryFrom(fd: number, position: number): Located | undefined {
  const chunk = readChunk(fd, position);
  const lineStart = chunk.indexOf('\n') + 1;
  return lineStart === 0
    ? undefined
    : entriesIn(chunk.subarray(lineStart), position + lineStart).next().value;
}

interface Located {
  readonly entry: AuditEntry;
  /** Where its line starts in the file. */
  readonly position: number;
}

/** All entries from the start of a line on. */
function* entriesFrom(fd: number, start: number): Generator<Located, undefined> {
  let position = start;
  for (;;) {
    const chunk = readChunk(fd, position);
    const whole = chunk.lastIndexOf('\n') + 1;
    yield* entriesIn(chunk.subarray(0, whole), position);
    // A chunk without any line break is damage, or a torn last line.
    position += whole === 0 ? chunk.length : whole;
    if (chunk.length < CHUNK_BYTES) return;
  }
}

function* entriesIn(lines: Buffer, start: number): Generator<Located, undefined> {
  let position = start;
  let from = 0;
  for (let to = lines.indexOf('\n'); to !== -1; to = lines.indexOf('\n', from)) {
    const entry = parseAuditLine(lines.toString('utf8', from, to));
    if (entry !== undefined) yield { entry, position };
    position += to + 1 - from;
    from = to + 1;
  }
}

function readChunk(fd: number, position: number): Buffer {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  return buffer.subarray(0, readSync(fd, buffer, 0, CHUNK_BYTES, position));
}
