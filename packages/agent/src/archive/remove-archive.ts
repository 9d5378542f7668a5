import { lstatSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parseArchiveName, pinNameOf } from './archive-name.ts';
import type { PlannedRemoval, Removal } from './archive-store.ts';
import { fileIdOf, sameFile } from './file-id.ts';
import { readArchive } from './read-archive.ts';

/**
 * Deletes one archive, unless it is not the one that was planned any more.
 *
 * The checks and the `unlink` are synchronous and follow each other at once; what remains is the window of two system
 * calls, which POSIX gives no way to close. The directory entry alone is removed: no link is followed.
 *
 * @param directory - the checkpoint directory
 */
export function removeArchive(directory: string, { name, fileId, leftover }: PlannedRemoval): Removal {
  if (parseArchiveName(name) === undefined) return { result: 'failed', why: 'not an archive’s name' };
  const path = join(directory, name);
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return { result: 'already-gone' };
    if (!stats.isFile()) return { result: 'changed', why: 'no regular file any more' };
    if (!sameFile(fileIdOf(stats), fileId))
      return { result: 'changed', why: 'not the file that was planned' };
    if (leftover) {
      const { structure, settled, why } = readArchive(path, fileId);
      if (structure !== 'incomplete' || !settled)
        return { result: 'changed', why: `not a leftover any more: ${why}` };
    }
    if (isPinned(join(directory, pinNameOf(name))))
      return { result: 'pinned', why: 'a .keep file stands beside it' };
    unlinkSync(path);
    return { result: 'deleted' };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { result: 'already-gone' };
    return { result: 'failed', why: code ?? message };
  }
}

/** Anything but ENOENT counts as pinned (safety rule 3). */
export function isPinned(pinPath: string): boolean {
  try {
    return lstatSync(pinPath, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
