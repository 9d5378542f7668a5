import { lstatSync, statfsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
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

/**
 * The names come at once and off the main thread, which is several times faster than entry by entry. The calls on each are
 * synchronous and in chunks: so short ones are several times slower through the thread pool.
 */
async function listArchives(directory: string, onProgress?: (entries: number) => void): Promise<Listing> {
  const { dev, ino } = statSync(directory, { bigint: true });
  const found = new Map<string, FileId>();
  const pinned = new Set<string>();
  const unknown: string[] = [];
  let entries = 0;
  for (const name of await readdir(directory)) {
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
