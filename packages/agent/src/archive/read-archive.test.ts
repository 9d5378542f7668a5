import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { archiveFileName, writeArchive } from '../testing/build-archive.ts';
import { checkpointMembers, type Runtime } from '../testing/checkpoint-members.ts';
import { FIXTURE_DIR, FIXTURES } from '../testing/fixtures.ts';
import { packTar } from '../testing/tar-member.ts';
import { fileIdOf } from './file-id.ts';
import { readArchive } from './read-archive.ts';

const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const NAME = archiveFileName(OWNER, '2026-11-23T13:11:16Z');
const UID = '1f5d0b62-7c3e-4a4c-9d11-0000000000';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'read-archive-'));
  path = join(directory, NAME);
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('readArchive on real archives', () => {
  it.each([
    [FIXTURES.containerd, { namespace: 'default', pod: 'web-0', container: 'app', podUid: `${UID}10` }],
    [FIXTURES.ambiguous, { namespace: 'default-2', pod: 'web-0', container: 'app', podUid: `${UID}11` }],
    [FIXTURES.dotted, { namespace: 'team.a', pod: 'api-6d5f', container: 'sidecar-1', podUid: `${UID}12` }],
  ])('tells the owner of %s', (fixture, owner) => {
    expect(readArchive(FIXTURE_DIR + fixture)).toMatchObject({
      structure: 'complete',
      owner,
      why: 'config.dump and spec.dump agree with the file name',
      trailingBytes: 0,
      settled: true,
    });
  });

  it.each([
    [FIXTURES.containerd, 35, 484 + 3300],
    [FIXTURES.ambiguous, 35, 486 + 3302],
    [FIXTURES.dotted, 35, 491 + 3308],
    [FIXTURES.podman, 36, 23_711 + 20_842],
  ])('reads the headers of %s, its two dumps and little else', (fixture, headers, dumpBytes) => {
    const { bytesRead } = readArchive(FIXTURE_DIR + fixture);
    expect(bytesRead).toBeLessThanOrEqual(1.2 * (headers * 512 + dumpBytes));
    expect(bytesRead).toBeLessThanOrEqual(100_000);
  });

  it('finds what a full disk left behind incomplete', () => {
    expect(readArchive(FIXTURE_DIR + FIXTURES.truncated)).toMatchObject({
      structure: 'incomplete',
      why: 'cut off at byte 1048576',
      settled: true,
    });
  });

  it.each([FIXTURES.podman, FIXTURES.podmanGzip, FIXTURES.podmanZstd])('finds %s complete', (fixture) => {
    copyFileSync(FIXTURE_DIR + fixture, path);
    expect(readArchive(path)).toMatchObject({
      structure: 'complete',
      owner: undefined,
      why: 'podman records no pod',
    });
  });

  it.each([gzipSync, zstdCompressSync])('tells the owner of a compressed archive', (compress) => {
    const compressed = join(directory, FIXTURES.containerd);
    writeFileSync(compressed, compress(readFileSync(FIXTURE_DIR + FIXTURES.containerd)));
    expect(readArchive(compressed)).toMatchObject({
      structure: 'complete',
      owner: { namespace: 'default', pod: 'web-0', container: 'app', podUid: `${UID}10` },
    });
  });

  it('gives no owner to an archive under another pod’s name', () => {
    copyFileSync(FIXTURE_DIR + FIXTURES.containerd, path);
    expect(readArchive(path)).toMatchObject({
      structure: 'complete',
      owner: undefined,
      why: 'nothing inside agrees with the file name',
    });
  });
});

describe('readArchive', () => {
  it.each<Runtime>(['containerd', 'cri-o'])(
    'reads as little of 20 GiB by %s as of a small archive',
    (runtime) => {
      writeArchive(path, { ...OWNER, runtime });
      const small = readArchive(path);
      writeArchive(path, { ...OWNER, runtime, pagesBytes: 20 * 2 ** 30 });
      const large = readArchive(path);
      expect(large).toMatchObject({ structure: 'complete', owner: OWNER });
      // Above 8 GiB the size takes a PAX header: two blocks more.
      expect(large.bytesRead - small.bytesRead).toBeLessThanOrEqual(1024);
    },
  );

  it('understands archives whose entries begin with ./', () => {
    const members = checkpointMembers(OWNER).map((member) => ({ ...member, name: `./${member.name}` }));
    writeFileSync(path, packTar([{ name: './', type: '5' }, ...members]));
    expect(readArchive(path)).toMatchObject({ structure: 'complete', owner: OWNER });
  });

  it('reports the tail of a larger archive that was overwritten, and finds the new one complete', () => {
    writeArchive(path, OWNER);
    appendFileSync(path, Buffer.alloc(5000, 'old'));
    expect(readArchive(path)).toMatchObject({ structure: 'complete', owner: OWNER, trailingBytes: 5000 });
  });

  it.each([
    ['config.dump', 'config.dump is missing'],
    ['spec.dump', 'spec.dump is missing'],
  ])('finds an archive without %s incomplete', (missing, why) => {
    writeFileSync(path, packTar(checkpointMembers(OWNER).filter(({ name }) => name !== missing)));
    expect(readArchive(path)).toMatchObject({ structure: 'incomplete', why });
  });

  it.each(['', '{', '[]', 'null', '"text"', '{}{}', '\0\0'])(
    'finds a spec.dump of %j incomplete',
    (content) => {
      const members = checkpointMembers(OWNER).map((m) => (m.name === 'spec.dump' ? { ...m, content } : m));
      writeFileSync(path, packTar(members));
      expect(readArchive(path)).toMatchObject({
        structure: 'incomplete',
        why: 'spec.dump is not a JSON object',
      });
    },
  );

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['a file of zeros', Buffer.alloc(1_000_000)],
    [
      'a file that turns to zeros',
      Buffer.concat([packTar(checkpointMembers(OWNER)).subarray(0, 1024), Buffer.alloc(90_000)]),
    ],
  ])('finds %s incomplete, as a power cut leaves it', (_, content) => {
    writeFileSync(path, content);
    expect(readArchive(path).structure).toBe('incomplete');
  });

  it.each([
    ['an encrypted copy', Buffer.from('age-encryption.org/v1\n').toString().padEnd(4096, '\x8f')],
    ['a text', 'a note to self'],
    ['xz', Buffer.from('fd377a585a0000'.padEnd(2048, '5a'), 'hex')],
  ])('leaves %s alone as unreadable', (_, content) => {
    writeFileSync(path, content);
    expect(readArchive(path)).toMatchObject({
      structure: 'unreadable',
      why: 'not a tar archive',
      settled: true,
    });
  });

  it('never takes a damaged compressed copy for a leftover', () => {
    const whole = gzipSync(packTar(checkpointMembers(OWNER)));
    for (const content of [
      whole.subarray(0, -1),
      whole.subarray(0, 20),
      gzipSync(packTar(checkpointMembers(OWNER)).subarray(0, -512)),
      gzipSync('text'),
    ]) {
      writeFileSync(path, content);
      expect(readArchive(path).structure).toBe('unreadable');
    }
  });

  it('does not judge another file than the one listed', () => {
    writeArchive(path, OWNER);
    const listed = fileIdOf(lstatSync(path, { bigint: true }));
    expect(readArchive(path, listed)).toMatchObject({ structure: 'complete', fileId: listed });
    truncateSync(path, 1_000);
    expect(readArchive(path, listed)).toMatchObject({
      structure: 'incomplete',
      why: 'changed since it was listed',
      settled: false,
      bytesRead: 0,
    });
  });

  it('does not judge a file that changes while it is read', async () => {
    // So many entries that a reading takes long enough for another process to write in between.
    const entry = packTar([{ name: 'empty' }], Buffer.alloc(0));
    writeFileSync(
      path,
      Buffer.concat([Buffer.alloc(entry.length * 50_000, entry), packTar(checkpointMembers(OWNER))]),
    );
    expect(readArchive(path)).toMatchObject({ structure: 'complete', settled: true });
    const writer = spawn('sh', ['-c', 'while printf x >> "$1"; do :; done', 'sh', path]);
    try {
      const reading = await vi.waitUntil(() => [readArchive(path)].find(({ settled }) => !settled), {
        timeout: 60_000,
      });
      expect(reading).toMatchObject({ structure: 'incomplete', why: 'changed while it was read' });
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
  });

  it('follows no link, not even to an archive', () => {
    symlinkSync(FIXTURE_DIR + FIXTURES.containerd, path);
    expect(readArchive(path)).toMatchObject({
      structure: 'unreadable',
      why: 'cannot be read (ELOOP)',
      settled: false,
    });
  });

  it('is not held up by a FIFO', () => {
    execFileSync('mkfifo', [path]);
    expect(readArchive(path)).toMatchObject({
      structure: 'unreadable',
      why: 'not a regular file',
      bytesRead: 0,
    });
  });

  it('reads no directory', () => {
    mkdirSync(path);
    expect(readArchive(path)).toMatchObject({ structure: 'unreadable', why: 'not a regular file' });
  });

  it('reports a file that is gone as a result to look at again', () => {
    expect(readArchive(path)).toMatchObject({
      structure: 'unreadable',
      why: 'cannot be read (ENOENT)',
      fileId: undefined,
      settled: false,
    });
  });

  it('leaves no file open', () => {
    writeArchive(path, OWNER);
    const openFiles = () =>
      Number(execFileSync('sh', ['-c', `ls /proc/${process.pid}/fd | wc -l`]).toString());
    const before = openFiles();
    for (let i = 0; i < 50; i++) readArchive(path);
    for (let i = 0; i < 50; i++) readArchive(directory);
    expect(openFiles()).toBeLessThan(before + 10);
  });
});
