import { lstatSync, type Stats } from 'node:fs';
import {
  type ArchiveName,
  type ArchiveReading,
  fileArchiveStore,
  parseArchiveName,
  readArchive,
} from '@checkpoint-warden/agent';
import { AppError } from '@checkpoint-warden/errors';
import type { ArchivePath } from '../archive-path.ts';
import { readPinReason } from '../pin/read-pin-reason.ts';
import { unknownArchive } from '../unknown-archive.ts';

/** What one file shows. */
export interface InspectedArchive {
  readonly path: string;
  /** `undefined`: the file does not have an archive's name, and the agent never touches it. */
  readonly name: ArchiveName | undefined;
  readonly reading: ArchiveReading;
  readonly sizeBytes: number;
  /** Unix ms. */
  readonly mtimeMs: number;
  readonly pinned: boolean;
  readonly pinReason: string | undefined;
}

/**
 * Reads one file as the agent would. Nothing is concluded from one look about whether it is still being written.
 *
 * @throws AppError `CW_ERR_ARCHIVE_NOT_FOUND` when it does not exist, `CW_ERR_ARCHIVE_UNREADABLE` when it is no regular file
 * or cannot be read
 */
export function inspectArchive(archive: ArchivePath): InspectedArchive {
  const { directory, name, path } = archive;
  const stats = lookAt(archive);
  if (!stats.isFile()) {
    throw new AppError('CW_ERR_ARCHIVE_UNREADABLE', `${path} is not a regular file: links are not followed`);
  }
  const reading = readArchive(path);
  if (reading.structure === 'unreadable' && !reading.settled) {
    throw new AppError('CW_ERR_ARCHIVE_UNREADABLE', `${path} ${reading.why}`);
  }
  return {
    path,
    name: parseArchiveName(name),
    reading,
    sizeBytes: stats.size,
    mtimeMs: Math.floor(stats.mtimeMs),
    pinned: fileArchiveStore(directory).stat(name)?.pinned ?? false,
    pinReason: readPinReason(path),
  };
}

function lookAt(archive: ArchivePath): Stats {
  try {
    return lstatSync(archive.path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw unknownArchive(archive);
    throw new AppError('CW_ERR_ARCHIVE_UNREADABLE', `${archive.path} cannot be looked at (${code})`, {
      cause,
    });
  }
}
