import { closeSync, constants, fsyncSync, openSync, writeSync } from 'node:fs';
import { pinNameOf } from '@checkpoint-warden/agent';
import type { ArchivePath } from '../archive-path.ts';
import { unknownArchive } from '../unknown-archive.ts';
import { isArchive, pinFailure, syncDirectory } from './pin-directory.ts';

/**
 * Pins an archive: creates `<archive>.keep` beside it, on disk when this returns. The archive itself is not opened.
 *
 * @param reason - what the pin is to say; empty for none
 * @returns `already` where there is a pin, which stays as it is
 * @throws AppError `CW_ERR_ARCHIVE_NOT_FOUND` when there is no regular file of an archive's name there,
 * `CW_ERR_CHECKPOINT_DIR` when the pin cannot be made
 */
export function createPin(archive: ArchivePath, reason: string): 'created' | 'already' {
  const { directory, name, path } = archive;
  if (!isArchive(archive)) throw unknownArchive(archive);
  const pinPath = pinNameOf(path);
  let fd: number;
  try {
    fd = openSync(pinPath, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'already';
    throw pinFailure(`${name} cannot be pinned`, error);
  }
  try {
    if (reason !== '') writeSync(fd, `${reason}\n`);
    fsyncSync(fd);
    syncDirectory(directory);
  } catch (error) {
    throw pinFailure(`the pin of ${name} may not last`, error);
  } finally {
    closeSync(fd);
  }
  return 'created';
}
