import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { STATE_FILE_MODE, unwritable, writeFileAtomic } from './atomic-file.ts';
import { type DamageHandling, setAside } from './damage.ts';

/** What changes in a journal; `undefined` removes the key. */
export type JournalChange<T> = readonly [key: string, value: T | undefined];

/** A map that is kept in a file. */
export interface Journal<T> {
  readonly entries: ReadonlyMap<string, T>;
  /**
   * Changes entries, here and in the file. Not flushed: what was appended survives the end of the process, while a power cut
   * may lose the last seconds. So it is for what can be found out again.
   *
   * @throws AppError `CW_ERR_STATE_UNWRITABLE`; `entries` has the changes all the same, and the next call writes all anew
   */
  append(changes: readonly JournalChange<T>[]): void;
  close(): void;
}

/** Superseded lines that are let be, so that a small journal is not rewritten all the time. */
const SLACK_LINES = 1_000;

/**
 * Opens a journal: a file of lines, `["key",value]` for an entry and `["key"]` for a removed one; the last line of a key
 * counts. It is rewritten when it has more than twice as many lines as entries, and some.
 *
 * A torn last line was never acknowledged and is dropped. Damage elsewhere sets the file aside and starts empty.
 *
 * @param isValid - the check of a value's schema
 */
export function openJournal<T>(
  path: string,
  isValid: (value: unknown) => value is T,
  handling: DamageHandling,
): Journal<T> {
  const { entries, bytes, ...loaded } = load(path, isValid, handling);
  let { lines } = loaded;
  /** `undefined` after a failed write: the file is then behind `entries`. */
  let fd = openAt(path, bytes);

  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const rewrite = () => {
    close();
    writeFileAtomic(path, [...entries].map(toLine).join(''));
    lines = entries.size;
    fd = openAt(path);
  };

  return {
    entries,
    append(changes) {
      for (const [key, value] of changes) apply(entries, key, value);
      lines += changes.length;
      try {
        if (fd === undefined || lines > 2 * entries.size + SLACK_LINES) rewrite();
        else writeAll(fd, Buffer.from(changes.map(toLine).join('')));
      } catch (cause) {
        close();
        throw unwritable(path, cause);
      }
    },
    close,
  };
}

/** Opens a journal for appending, cut to `bytes`. */
function openAt(path: string, bytes?: number): number | undefined {
  try {
    const fd = openSync(path, 'a', STATE_FILE_MODE);
    if (bytes !== undefined) ftruncateSync(fd, bytes);
    return fd;
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

interface Loaded<T> {
  readonly entries: Map<string, T>;
  readonly lines: number;
  /** Length of the file's whole lines. */
  readonly bytes: number;
}

function load<T>(path: string, isValid: (value: unknown) => value is T, handling: DamageHandling): Loaded<T> {
  try {
    const content = readFileSync(path);
    const bytes = content.lastIndexOf('\n') + 1;
    const lines = content.toString('utf8', 0, bytes).split('\n').slice(0, -1);
    const entries = new Map<string, T>();
    for (const [index, text] of lines.entries()) {
      const line: unknown = JSON.parse(text);
      if (!isChange(line, isValid)) throw new Error(`line ${index + 1} is not an entry`);
      apply(entries, line[0], line[1]);
    }
    return { entries, lines: lines.length, bytes };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      setAside(path, (error as Error).message, handling);
    return { entries: new Map(), lines: 0, bytes: 0 };
  }
}

function isChange<T>(line: unknown, isValid: (value: unknown) => value is T): line is JournalChange<T> {
  if (!Array.isArray(line) || typeof line[0] !== 'string') return false;
  return line.length === 1 || (line.length === 2 && isValid(line[1]));
}

function apply<T>(entries: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) entries.delete(key);
  else entries.set(key, value);
}

function toLine([key, value]: JournalChange<unknown>): string {
  return `${JSON.stringify(value === undefined ? [key] : [key, value])}\n`;
}

/** One `write` may write less than it was given, so as to fail with the rest. */
function writeAll(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}
