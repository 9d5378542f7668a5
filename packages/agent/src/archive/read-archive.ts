import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArchiveName } from './archive-name.ts';
import type { ArchiveReading } from './archive-reading.ts';
import { type FileId, fileIdOf, sameFile } from './file-id.ts';
import type { TarSource } from './hop-tar.ts';
import { judgeArchive } from './judge-archive.ts';

/** No link is followed, and a FIFO with an archive's name blocks nobody. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Reads what an archive is and whose: some dozen positioned reads of headers and metadata, whatever its size, and never
 * more than the read limits allow, whatever it holds. Synchronous, because that is several times faster for so small
 * reads than going through the thread pool. An I/O failure is a result, not an exception.
 *
 * @param path - of the archive; its file name is the authority on the owner
 * @param expected - the file that was listed; another one under the same name is not judged
 */
export function readArchive(path: string, expected?: FileId): ArchiveReading {
  const tally = { bytesRead: 0 };
  let fd: number | undefined;
  let fileId: FileId | undefined;
  try {
    fd = openSync(path, OPEN_FLAGS);
    const stats = fstatSync(fd, { bigint: true });
    fileId = fileIdOf(stats);
    if (!stats.isFile()) return unsettled('unreadable', 'not a regular file', fileId, tally);
    if (expected !== undefined && !sameFile(fileId, expected)) {
      return unsettled('incomplete', 'changed since it was listed', fileId, tally);
    }
    const judgement = judgeArchive(
      sourceOf(fd, Number(fileId.size), tally),
      parseArchiveName(basename(path)),
    );
    if (!sameFile(fileId, fileIdOf(fstatSync(fd, { bigint: true })))) {
      return unsettled('incomplete', 'changed while it was read', fileId, tally);
    }
    return { ...judgement, fileId, bytesRead: tally.bytesRead, settled: true };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return unsettled('unreadable', `cannot be read (${error.code})`, fileId, tally);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function sourceOf(fd: number, sizeBytes: number, tally: { bytesRead: number }): TarSource {
  return {
    sizeBytes,
    readAt: (buffer, position) => {
      const bytes = readSync(fd, buffer, 0, buffer.length, position);
      tally.bytesRead += bytes;
      return bytes;
    },
  };
}

function unsettled(
  structure: 'incomplete' | 'unreadable',
  why: string,
  fileId: FileId | undefined,
  { bytesRead }: { readonly bytesRead: number },
): ArchiveReading {
  return { structure, why, fileId, bytesRead, settled: false };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
