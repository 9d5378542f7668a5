import type { BigIntStats } from 'node:fs';

/**
 * What makes a file the same file with the same content: it is planned, cached and re-checked under this identity.
 * BigInt throughout: inode numbers of some filesystems and times in nanoseconds do not fit a double.
 */
export interface FileId {
  readonly dev: bigint;
  readonly ino: bigint;
  /** `st_size`, bytes. */
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** @param stats - of `lstat` or `fstat` with `bigint: true` */
export function fileIdOf({ dev, ino, size, mtimeNs }: BigIntStats): FileId {
  return { dev, ino, size, mtimeNs };
}

/** A key for maps and for the cache on disk: equal for the same file with the same content. */
export function fileIdKey(id: FileId): string {
  return `${id.dev}:${id.ino}:${id.size}:${id.mtimeNs}`;
}

export function sameFile(a: FileId, b: FileId): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeNs === b.mtimeNs;
}
