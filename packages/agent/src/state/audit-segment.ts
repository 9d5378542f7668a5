import { closeSync, fdatasyncSync, ftruncateSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { STATE_FILE_MODE } from './atomic-file.ts';

/** One file of the audit log. Its name holds the sequence number of its first entry. */
export interface Segment {
  readonly path: string;
  /** Where the next line goes. */
  readonly end: number;
  /**
   * Writes lines, all or none.
   *
   * @param flush - whether they must last through a power cut
   * @throws the system's error
   */
  append(lines: string, flush: boolean): void;
  /** Makes what was written last through a power cut. @throws the system's error */
  flush(): void;
  /** Ends it, flushed: what follows in the next segment may rely on it. @throws the system's error */
  close(): void;
}

const NAME = /^audit-(\d{12,})(-continued)?\.jsonl$/;

/**
 * @param isContinued - whether intents in the segment before are still pending when this one starts
 * @returns the path of the segment that starts with an entry
 */
export function segmentPath(dir: string, firstSeq: number, isContinued: boolean): string {
  return join(dir, `audit-${String(firstSeq).padStart(12, '0')}${isContinued ? '-continued' : ''}.jsonl`);
}

/** @returns the sequence number of a segment's first entry */
export function firstSeqOf(path: string): number {
  return Number(NAME.exec(basename(path))?.[1]);
}

/** Whether pending intents may be in the segment before as well. */
export function isContinued(path: string): boolean {
  return NAME.exec(basename(path))?.[2] !== undefined;
}

/** @returns the paths of a log's segments, oldest first */
export function listSegments(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => NAME.test(name))
    .map((name) => join(dir, name))
    .sort((a, b) => firstSeqOf(a) - firstSeqOf(b));
}

/**
 * Opens a segment for writing at `end`. What lies between there and `allocated` are blank lines: room that the filesystem has
 * given already and that can be written even when it is full.
 */
export function openSegment(path: string, end: number, allocated: number): Segment {
  const fd = openSync(path, 'r+');
  let position = end;

  const restore = () => {
    ftruncateSync(fd, Math.max(position, allocated));
    if (allocated > position) writeAll(fd, Buffer.alloc(allocated - position, '\n'), position);
  };

  return {
    path,
    get end() {
      return position;
    },
    append(lines, flush) {
      const bytes = Buffer.from(lines);
      try {
        writeAll(fd, bytes, position);
        if (flush) fdatasyncSync(fd);
      } catch (error) {
        restore();
        throw error;
      }
      position += bytes.length;
    },
    flush: () => fdatasyncSync(fd),
    close() {
      try {
        ftruncateSync(fd, position);
        fdatasyncSync(fd);
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** Makes a new file of blank lines that occupies its blocks. Leaves nothing behind when there is no room for it. */
export function allocateFile(path: string, bytes: number): void {
  const fd = openSync(path, 'wx', STATE_FILE_MODE);
  try {
    writeAll(fd, Buffer.alloc(bytes, '\n'), 0);
    fdatasyncSync(fd);
  } catch (error) {
    rmSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** One `write` may write less than it was given, so as to fail with the rest. */
function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(fd, bytes, written, bytes.length - written, position + written);
  }
}
