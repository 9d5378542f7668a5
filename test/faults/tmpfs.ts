import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mounts a filesystem of its own size. Unmount it, whatever happens. */
export function mountTmpfs(dir: string, size: string): void {
  runQuietly('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'none', dir]);
}

/** Also while files on it are open. */
export function unmount(dir: string): void {
  runQuietly('umount', ['--lazy', dir]);
}

export function remount(dir: string, access: 'ro' | 'rw'): void {
  runQuietly('mount', ['-o', `remount,${access}`, dir]);
}

/** @returns why nothing can be mounted here; `undefined` when it can */
export function findMountProblem(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'cw-mount-'));
  try {
    mountTmpfs(dir, '64k');
    unmount(dir);
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Takes all the space there is, as runtimes do that write checkpoints. */
export function fillDisk(dir: string, name: string): void {
  for (const chunkBytes of [256 * 1024, 4096]) writeUntilFull(join(dir, name), Buffer.alloc(chunkBytes, 1));
  const left = statfsSync(dir).bavail;
  if (left > 0) throw new Error(`${left} blocks are left on ${dir}`);
}

function writeUntilFull(path: string, chunk: Buffer): void {
  try {
    for (;;) writeFileSync(path, chunk, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

function runQuietly(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
