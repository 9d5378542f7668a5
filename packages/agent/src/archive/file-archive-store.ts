import { lstatSync, opendirSync, statfsSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { archiveNameOfPin, isPinNameTooLong, parseArchiveName, pinNameOf } from './archive-name.ts';
import type { ArchiveStore, ListedFile, Listing } from './archive-store.ts';
import { type FileId, fileIdOf } from './file-id.ts';
import { readArchive } from './read-archive.ts';
import { isPinned, removeArchive } from './remove-archive.ts';

/** Entries handled before other work gets its turn: about a millisecond. */
const CHUNK = 256;

/** The checkpoint directory on a real filesystem. Only regular files directly in it, by archive names, exist here. */
export function fileArchiveStore(directory: string): ArchiveStore {
  return {
    list: (onProgress) => listArchives(directory, onProgress),
    stat: (name) => {
      const fileId = parseArchiveName(name) && regularFile(`${directory}/${name}`);
      return fileId && { name, fileId, pinned: isPinned(`${directory}/${pinNameOf(name)}`) };
    },
    read: ({ name, fileId }) => readArchive(`${directory}/${name}`, fileId),
    remove: (planned) => removeArchive(directory, planned),
    disk: () => {
      const { blocks, bavail, bsize } = statfsSync(directory);
      return { sizeBytes: blocks * bsize, availBytes: bavail * bsize };
    },
  };
}

/** System calls are synchronous and in chunks: several times faster than the thread pool for so short ones. */
async function listArchives(directory: string, onProgress?: (entries: number) => void): Promise<Listing> {
  const { dev, ino } = statSync(directory, { bigint: true });
  const found = new Map<string, FileId>();
  const pinned = new Set<string>();
  const unknown: string[] = [];
  let entries = 0;
  const handle = opendirSync(directory, { bufferSize: CHUNK });
  try {
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) {
      const { name } = entry;
      if (parseArchiveName(name) !== undefined) {
        try {
          const fileId = regularFile(`${directory}/${name}`);
          if (fileId !== undefined) found.set(name, fileId);
        } catch {
          unknown.push(name); // any error but ENOENT: listed as unknown, so that nothing is concluded from it
        }
      } else {
        const archive = archiveNameOfPin(name);
        if (archive !== undefined) pinned.add(archive);
      }
      if (++entries % CHUNK === 0) {
        onProgress?.(entries);
        await setImmediate();
      }
    }
  } finally {
    handle.closeSync();
  }
  const files: ListedFile[] = [];
  for (const [name, fileId] of found) {
    files.push({ name, fileId, pinned: pinned.has(name) || isPinNameTooLong(name) });
  }
  return { files, unknown, directory: { dev, ino } };
}

/** @returns `undefined` for what does not exist or is no regular file (links are not followed) */
function regularFile(path: string): FileId | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isFile() ? fileIdOf(stats) : undefined;
}
