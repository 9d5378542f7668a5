import { unlinkSync } from 'node:fs';
import { parseArchiveName, pinNameOf } from '@checkpoint-warden/agent';
import type { ArchivePath } from '../archive-path.ts';
import { unknownArchive } from '../unknown-archive.ts';
import { isArchive, pinFailure, syncDirectory } from './pin-directory.ts';

/**
 * Removes an archive's pin, also where the archive is gone.
 *
 * @returns `not-pinned` where there is none
 * @throws AppError `CW_ERR_ARCHIVE_NOT_FOUND` when neither archive nor pin is there, `CW_ERR_CHECKPOINT_DIR` when the pin
 * cannot be removed
 */
export function removePin(archive: ArchivePath): 'removed' | 'not-pinned' {
  const { directory, name, path } = archive;
  if (parseArchiveName(name) === undefined) throw unknownArchive(archive);
  try {
    unlinkSync(pinNameOf(path));
    syncDirectory(directory);
    return 'removed';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw pinFailure(`the pin of ${name} cannot be removed`, error);
    }
  }
  if (!isArchive(archive)) throw unknownArchive(archive);
  return 'not-pinned';
}
