import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveFileName } from '../testing/build-archive.ts';
import { fileIdOf } from './file-id.ts';
import { isPinned, removeArchive } from './remove-archive.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cw-remove-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Writes a file and tells it as a plan would. */
function planned(name: string) {
  writeFileSync(join(dir, name), '');
  return { name, fileId: fileIdOf(lstatSync(join(dir, name), { bigint: true })), leftover: false };
}

/** An archive whose pin would have a name of 256 bytes, which no filesystem takes. */
function unpinnableName(): string {
  const name = (pod: string) => archiveFileName({ namespace: 'shop', pod, container: 'app' }, new Date(0));
  return name('p'.repeat(251 - name('').length));
}

describe('removeArchive', () => {
  it('keeps an archive whose pin cannot be looked for: anything but ENOENT counts as pinned', () => {
    const archive = planned(unpinnableName());
    expect(removeArchive(dir, archive).result).toBe('pinned');
    expect(existsSync(join(dir, archive.name))).toBe(true);
  });

  it('never touches a file by another name than an archive’s', () => {
    for (const name of ['podman.tar', '.keep', 'checkpoint-web-0_shop-app-2024-01-01T00:00:00Z.tar.part']) {
      expect(removeArchive(dir, planned(name)).result).toBe('failed');
      expect(existsSync(join(dir, name))).toBe(true);
    }
  });
});

describe('isPinned', () => {
  it('says no only where the filesystem says that there is no such file', () => {
    expect(isPinned(join(dir, 'nothing.keep'))).toBe(false);
    expect(isPinned(join(dir, `${'x'.repeat(251)}.keep`))).toBe(true); // ENAMETOOLONG
    writeFileSync(join(dir, 'file'), '');
    expect(isPinned(join(dir, 'file', 'a.keep'))).toBe(true); // ENOTDIR
  });
});
