import type { Owner } from '@checkpoint-warden/policy';
import type { ArchiveReading } from '../archive/archive-reading.ts';
import type { ArchiveStore, ListedFile } from '../archive/archive-store.ts';
import { type FileId, sameFile } from '../archive/file-id.ts';

/** What a file of the store holds. */
export interface MemoryContent {
  readonly structure: ArchiveReading['structure'];
  /** Of a complete archive; leave out for an unattributed one. */
  readonly owner?: Owner;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** A checkpoint directory in memory, with what can go wrong on a real one. */
export interface MemoryArchiveStore extends ArchiveStore {
  /** Writes a new file (another inode) under a name. */
  put(name: string, content: MemoryContent): void;
  /** Writes into the file that is there. */
  rewrite(name: string, content: MemoryContent): void;
  /** Removes a file as somebody else would. */
  erase(name: string): void;
  pin(name: string): void;
  unpin(name: string): void;
  readonly files: ReadonlyMap<string, { readonly fileId: FileId; readonly content: MemoryContent }>;
  readonly pins: ReadonlySet<string>;
  /** What fails at present: the listing, or every call on one archive. */
  readonly faults: { list: boolean; readonly archives: Set<string> };
}

/** The in-memory port of `ArchiveStore`; it passes the same suite as the one on real files. */
export function memoryArchiveStore(): MemoryArchiveStore {
  const files = new Map<string, { fileId: FileId; content: MemoryContent }>();
  const pins = new Set<string>();
  const faults = { list: false, archives: new Set<string>() };
  let lastInode = 0n;

  const check = (name: string): void => {
    if (faults.archives.has(name))
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'lstat' });
  };
  const write = (name: string, ino: bigint, content: MemoryContent): void => {
    const { sizeBytes, mtimeMs } = content;
    const fileId = { dev: 1n, ino, size: BigInt(sizeBytes), mtimeNs: BigInt(mtimeMs) * 1_000_000n };
    files.set(name, { fileId, content });
  };
  const listed = (name: string, fileId: FileId): ListedFile => ({ name, fileId, pinned: pins.has(name) });

  return {
    files,
    pins,
    faults,
    put: (name, content) => write(name, ++lastInode, content),
    rewrite: (name, content) => write(name, files.get(name)?.fileId.ino ?? ++lastInode, content),
    erase: (name) => void files.delete(name),
    pin: (name) => void pins.add(name),
    unpin: (name) => void pins.delete(name),
    async list() {
      if (faults.list)
        throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open' });
      const readable = [...files].filter(([name]) => !faults.archives.has(name));
      return {
        files: readable.map(([name, { fileId }]) => listed(name, fileId)),
        unknown: [...files.keys()].filter((name) => faults.archives.has(name)),
        directory: { dev: 1n, ino: 1n },
      };
    },
    stat(name) {
      check(name);
      const file = files.get(name);
      return file && listed(name, file.fileId);
    },
    read({ name, fileId }) {
      const facts = { why: '', fileId, bytesRead: 0, settled: true };
      const file = files.get(name);
      if (faults.archives.has(name)) return { ...facts, structure: 'unreadable', settled: false };
      if (file === undefined || !sameFile(file.fileId, fileId)) {
        return { ...facts, structure: 'incomplete', settled: false };
      }
      const { structure, owner } = file.content;
      return structure === 'complete'
        ? { ...facts, structure, owner, trailingBytes: 0 }
        : { ...facts, structure };
    },
    remove({ name, fileId, leftover }) {
      const file = files.get(name);
      if (faults.archives.has(name)) return { result: 'failed', why: 'EIO' };
      if (file === undefined) return { result: 'already-gone' };
      if (!sameFile(file.fileId, fileId)) return { result: 'changed', why: 'not the file that was planned' };
      if (leftover && file.content.structure !== 'incomplete')
        return { result: 'changed', why: 'not a leftover any more' };
      if (pins.has(name)) return { result: 'pinned', why: 'a .keep file stands beside it' };
      files.delete(name);
      return { result: 'deleted' };
    },
    disk: () => ({ sizeBytes: 1e12, availBytes: 1e12 }),
  };
}
