import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '@checkpoint-warden/errors';
import { type DamageHandling, setAside } from './damage.ts';

/** Permissions of every state file: its owner alone. */
export const STATE_FILE_MODE = 0o600;

/**
 * Replaces a file so that after a crash or a power cut it holds either the old content or the new one, and the new one once
 * this has returned.
 *
 * Synchronous: two writers of one file in this process cannot meet, and a temporary file that a crash left behind is
 * overwritten by the next write, as there is only ever one of each.
 *
 * @throws AppError `CW_ERR_STATE_UNWRITABLE`, retryable; the old content is then untouched
 */
export function writeFileAtomic(path: string, content: string): void {
  const temporary = `${path}.tmp`;
  try {
    writeFileSync(temporary, content, { mode: STATE_FILE_MODE, flush: true });
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw unwritable(path, cause);
  }
}

/** Makes creations, renames and removals in a directory last through a power cut. */
export function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The error for a state file that cannot be written. */
export function unwritable(path: string, cause: unknown): AppError {
  const message = `${path} cannot be written: ${(cause as Error).message}`;
  return new AppError('CW_ERR_STATE_UNWRITABLE', message, { cause, retryable: true });
}

/**
 * Reads a JSON state file. One that cannot be read, parsed or recognised is set aside, reported and treated as absent.
 *
 * @param isValid - the check of its schema
 * @returns `undefined` when there is none
 */
export function readJsonFile<T>(
  path: string,
  isValid: (value: unknown) => value is T,
  handling: DamageHandling,
): T | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    setAside(path, (error as Error).message, handling);
    return undefined;
  }
  if (isValid(value)) return value;
  setAside(path, 'it does not match its schema', handling);
  return undefined;
}
