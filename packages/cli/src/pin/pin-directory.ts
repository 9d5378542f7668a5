import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { fileArchiveStore } from '@checkpoint-warden/agent';
import { AppError } from '@checkpoint-warden/errors';
import type { ArchivePath } from '../archive-path.ts';

/** Only what the agent could ever delete needs a pin. */
export function isArchive({ directory, name }: ArchivePath): boolean {
  try {
    return fileArchiveStore(directory).stat(name) !== undefined;
  } catch (error) {
    throw pinFailure(`${name} cannot be looked at`, error);
  }
}

/** Makes a new or removed directory entry last through a power cut. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What a pin ran into, with what helps. */
export function pinFailure(what: string, cause: unknown): AppError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const remedy = REMEDIES[code ?? ''];
  return new AppError('CW_ERR_CHECKPOINT_DIR', `${what} (${code ?? message})`, {
    cause,
    problems: [
      { path: '', message: `${what} (${code ?? message})`, ...(remedy === undefined ? {} : { remedy }) },
    ],
  });
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'run this as the user who owns the directory',
  EPERM: 'run this as the user who owns the directory',
  EROFS: 'the filesystem is mounted read-only: run this where it can be written',
  ENOSPC: 'the filesystem is full: make room first',
  ENAMETOOLONG: 'its name leaves no room for .keep; an agent takes such an archive for pinned anyway',
};
