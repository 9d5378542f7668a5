import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from './atomic-file.ts';
import { allocateFile, listSegments, openSegment, type Segment, segmentPath } from './audit-segment.ts';

/** The files of an audit log, for writing. */
export interface AuditFiles {
  /** Adds lines at the end of the log, all or none. @throws the system's error */
  append(lines: string, options: AppendOptions): void;
  /** Makes all that was appended last through a power cut. @throws the system's error */
  flush(): void;
  /** Makes the reserve if it is missing and there is room for it. */
  keepReserve(): void;
  close(): void;
}

export interface AppendOptions {
  /** Sequence number of the first entry in the lines, and whether intents are pending: the name of a new file. */
  readonly firstSeq: number;
  readonly hasPending: boolean;
  /** Start a new file when this one would grow over so many bytes. */
  readonly limit: number;
  /** Whether the lines must last through a power cut. */
  readonly flush: boolean;
}

/** Room for one group of intents with the longest names, and its outcomes. */
const RESERVE_BYTES = 256 * 1024;
/** Files that a full disk kept small are bounded by number. */
const MAX_FILES = 100;
/** No space left, or none left for this user. */
const FULL_CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/**
 * Opens an audit log's files.
 *
 * A full disk is when deletions are needed most and when no line can be added. So a file of blank lines is kept in reserve.
 * When space runs out it becomes the next file of the log: its blocks are there already, and are overwritten in place.
 * Removing it instead would hand its space to whoever fills the disk. It is made anew once there is room again.
 *
 * @param newest - the file to go on with, and the end of its last line
 * @param maxTotalBytes - the oldest files go when all together are larger
 */
export function openAuditFiles(
  dir: string,
  newest: { readonly path: string; readonly end: number } | undefined,
  maxTotalBytes: number,
): AuditFiles {
  const reserve = join(dir, 'reserve');
  let segment: Segment | undefined = newest && openSegment(newest.path, newest.end, newest.end);

  const goOnWith = (path: string, allocated: number): Segment => {
    syncDirectory(dir);
    segment?.close();
    segment = openSegment(path, 0, allocated);
    dropOldest(dir, maxTotalBytes);
    return segment;
  };
  const startSegment = (path: string): Segment => {
    allocateFile(path, 0);
    return goOnWith(path, 0);
  };
  const startFromReserve = (path: string): Segment => {
    renameSync(reserve, path);
    return goOnWith(path, RESERVE_BYTES);
  };
  const keepReserve = () => {
    const size = statSync(reserve, { throwIfNoEntry: false })?.size;
    if (size === RESERVE_BYTES) return;
    try {
      rmSync(reserve, { force: true });
      allocateFile(reserve, RESERVE_BYTES);
      syncDirectory(dir);
    } catch {
      // Mostly: still no room. The log goes on without, this is tried again, and a disk that is broken shows at the next append.
    }
  };
  const giveUpSegment = () => {
    try {
      segment?.close();
    } catch {
      // It is in trouble already; what it holds is for the next start to make out.
    }
    segment = undefined;
  };

  keepReserve();
  return {
    append(lines, { firstSeq, hasPending, limit, flush }) {
      const next = segmentPath(dir, firstSeq, hasPending);
      try {
        const grown = (segment?.end ?? 0) + Buffer.byteLength(lines);
        const target =
          segment === undefined || (grown > limit && segment.end > 0) ? startSegment(next) : segment;
        target.append(lines, flush);
      } catch (error) {
        const hasReserve = statSync(reserve, { throwIfNoEntry: false }) !== undefined;
        // After a failed flush nobody knows what is on disk, and a later flush of the same file may claim success.
        if (!isFull(error)) giveUpSegment();
        if (!isFull(error) || !hasReserve) throw error;
        startFromReserve(next).append(lines, flush);
      }
    },
    flush() {
      try {
        segment?.flush();
      } catch (error) {
        giveUpSegment(); // as after any failed flush
        throw error;
      }
    },
    keepReserve,
    close() {
      segment?.close();
      segment = undefined;
    },
  };
}

function isFull(error: unknown): boolean {
  return FULL_CODES.includes((error as NodeJS.ErrnoException).code);
}

/** The newest segment always stays. */
function dropOldest(dir: string, maxTotalBytes: number): void {
  const older = listSegments(dir).slice(0, -1);
  let surplus = older.length + 1 - MAX_FILES;
  let bytes = older.reduce((sum, path) => sum + statSync(path).size, 0);
  for (const path of older) {
    if (surplus <= 0 && bytes <= maxTotalBytes) break;
    surplus -= 1;
    bytes -= statSync(path).size;
    rmSync(path);
  }
}
