import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveFileName, buildArchive } from '../testing/build-archive.ts';
import { checkpointMembers } from '../testing/checkpoint-members.ts';
import { FIXTURE_DIR, FIXTURES } from '../testing/fixtures.ts';
import { base256, gnuLongName, packTar, paxHeader, type TarMember } from '../testing/tar-member.ts';
import type { ArchiveReading } from './archive-reading.ts';
import { judgeArchive } from './judge-archive.ts';
import { sourceOf } from './memory-source.ts';
import { readArchive } from './read-archive.ts';
import {
  MAX_COMPRESSED_BYTES,
  MAX_DUMP_BYTES,
  MAX_DUMP_NODES,
  MAX_HEADERS,
  READ_BUDGET_BYTES,
} from './read-limits.ts';

const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const NAME = { pod: 'web-0', joined: 'shop-app', createdAtMs: 0 };
const REAL = readFileSync(FIXTURE_DIR + FIXTURES.containerd);
const REAL_NAME = { pod: 'web-0', joined: 'default-app', createdAtMs: 0 };
const MIB = 2 ** 20;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'hostile-archive-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Reads `content` as a file under an archive's name; every reading is held to the budget and to the file name. */
function read(content: Buffer): ArchiveReading {
  const path = join(directory, archiveFileName(OWNER, '2026-11-23T13:11:16Z'));
  writeFileSync(path, content);
  const reading = readArchive(path);
  expect(reading.bytesRead).toBeLessThanOrEqual(READ_BUDGET_BYTES);
  if (reading.structure === 'complete' && reading.owner !== undefined) {
    expect(reading.owner).toMatchObject(OWNER);
  }
  return reading;
}

/** A good archive after the same entries `count` times over. */
function repeated(count: number, ...members: TarMember[]): Buffer {
  const once = packTar(members, Buffer.alloc(0));
  return Buffer.concat([Buffer.alloc(count * once.length, once), buildArchive(OWNER)]);
}

/** A good archive with further entries before and after it. */
function surrounded(before: readonly TarMember[], after: readonly TarMember[] = []): Buffer {
  return packTar([...before, ...checkpointMembers(OWNER), ...after]);
}

const withSpec = (spec: Partial<TarMember>) =>
  packTar(
    checkpointMembers(OWNER).map((member) => (member.name === 'spec.dump' ? { ...member, ...spec } : member)),
  );

describe('a cut archive', () => {
  const judge = (length: number) => judgeArchive(sourceOf(REAL.subarray(0, length)), REAL_NAME).structure;

  it('is complete at its full length only, wherever between blocks it was cut', () => {
    for (let length = 0; length < REAL.length; length += 512) expect(judge(length)).toBe('incomplete');
    expect(judge(REAL.length)).toBe('complete');
  });

  it('is never complete, wherever it was cut', () => {
    for (let missing = 1; missing <= 1025; missing++) expect(judge(REAL.length - missing)).toBe('incomplete');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: REAL.length - 1 }), (length) => {
        expect(judge(length)).not.toBe('complete');
      }),
      { numRuns: 500 },
    );
  });

  it('is not complete on disk either', () => {
    const path = join(directory, FIXTURES.containerd);
    copyFileSync(FIXTURE_DIR + FIXTURES.containerd, path);
    for (let length = REAL.length - 1; length > 0; length -= 9_973) {
      truncateSync(path, length);
      expect(readArchive(path).structure).not.toBe('complete');
    }
  });

  it('is never complete when it was compressed first', () => {
    for (const compressed of [gzipSync(REAL), zstdCompressSync(REAL)]) {
      for (const length of [
        compressed.length - 1,
        compressed.length - 4,
        compressed.length - 9,
        600,
        100,
        5,
      ]) {
        const judgement = judgeArchive(sourceOf(compressed.subarray(0, length)), REAL_NAME);
        expect(judgement.structure).toBe('unreadable');
      }
    }
  });
});

it('survives any damage, and never finds another owner than the file name allows', () => {
  const damage = fc.array(
    fc.record({ at: fc.nat(REAL.length - 1), byte: fc.integer({ min: 0, max: 255 }) }),
    {
      minLength: 1,
      maxLength: 30,
    },
  );
  // Headers and metadata are a tenth of the file: aim at them.
  const headers = [...REAL.toString('latin1').matchAll(/ustar\0/g)].map(({ index }) => index - 257);
  const aimed = fc.array(
    fc.record({
      at: fc
        .tuple(fc.constantFrom(...headers, REAL.indexOf('{"id"'), REAL.indexOf('{"ociVersion')), fc.nat(600))
        .map(([a, b]) => a + b),
      byte: fc.integer({ min: 0, max: 255 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.oneof(damage, aimed), (changes) => {
      const damaged = Buffer.from(REAL);
      for (const { at, byte } of changes) damaged[at % damaged.length] = byte;
      const judgement = judgeArchive(sourceOf(damaged), REAL_NAME);
      if (judgement.structure !== 'complete' || judgement.owner === undefined) return;
      const { pod, namespace, container } = judgement.owner;
      expect([pod, `${namespace}-${container}`]).toEqual([REAL_NAME.pod, REAL_NAME.joined]);
    }),
    { numRuns: 2000 },
  );
});

it('survives any bytes at all', () => {
  const magic = fc
    .constantFrom('', '\x1f\x8b\x08', '\x28\xb5\x2f\xfd')
    .map((text) => Buffer.from(text, 'latin1'));
  fc.assert(
    fc.property(magic, fc.uint8Array({ maxLength: 3000 }), (head, rest) => {
      const judgement = judgeArchive(sourceOf(Buffer.concat([head, rest])), NAME);
      expect(judgement.structure).not.toBe('complete');
    }),
    { numRuns: 1000 },
  );
});

describe('a lying archive', () => {
  it.each([
    ['beyond the end of the file', base256(2n ** 40n)],
    ['beyond every file', base256(2n ** 62n)],
    ['negative', base256(-1n)],
    ['back to the start of the archive', base256(-1024n)],
    ['text', Buffer.from('a few bytes\0')],
  ])('is incomplete where a size is %s', (_, sizeField) => {
    expect(read(surrounded([{ name: 'liar', content: 'x', sizeField }])).structure).toBe('incomplete');
    expect(read(withSpec({ sizeField })).structure).toBe('incomplete');
  });

  it('reads no more than one dump may have', () => {
    const reading = read(withSpec({ content: `{"a":"${'x'.repeat(MAX_DUMP_BYTES)}"}` }));
    expect(reading.structure).toBe('unreadable');
    expect(reading.bytesRead).toBeLessThan(100_000);
  });

  it('is not believed with two config.dumps, whichever comes first', () => {
    const forged = { name: 'config.dump', content: '{"name": "p_web-0_sho_u_0"}' };
    expect(read(surrounded([forged]))).toMatchObject({
      structure: 'unreadable',
      why: 'config.dump is in it more than once',
    });
    expect(read(surrounded([], [forged])).structure).toBe('unreadable');
    expect(read(surrounded([], [{ ...forged, name: './config.dump' }])).structure).toBe('unreadable');
    expect(read(surrounded([], [gnuLongName('config.dump'), { ...forged, name: 'other' }])).structure).toBe(
      'unreadable',
    );
    expect(
      read(surrounded([], [paxHeader({ path: 'spec.dump' }), { ...forged, name: 'other' }])).structure,
    ).toBe('unreadable');
  });

  it('gains nothing with a config.dump that is a link or a directory', () => {
    for (const type of ['1', '2', '5', '6']) {
      const members = checkpointMembers(OWNER).map((m) =>
        m.name === 'config.dump' ? { name: m.name, type } : m,
      );
      expect(read(packTar(members)).structure).toBe('incomplete');
    }
  });

  it.each([
    '../config.dump',
    '/config.dump',
    'x/config.dump',
    'config.dump\0',
    'CONFIG.DUMP',
    'config.dump*',
    '*',
    '..',
  ])('gains nothing with an entry named %j', (name) => {
    const content = '{"name": "b_web-0_shop-a_u_0"}';
    const reading = read(surrounded([gnuLongName(name), { name: 'entry', content }]));
    const isSame = name === 'config.dump\0';
    expect(reading.structure).toBe(isSame ? 'unreadable' : 'complete');
  });

  it('gains nothing with entry names of any length', () => {
    for (const length of [99, 100, 101, 255, 256, 4096, MIB - 1]) {
      const member = { name: 'entry', content: 'x' };
      expect(read(surrounded([gnuLongName('n'.repeat(length)), member])).structure).toBe('complete');
    }
    expect(read(surrounded([gnuLongName('n'.repeat(MIB)), { name: 'entry' }])).structure).toBe('unreadable');
  });
});

describe('an archive that wants to be expensive', () => {
  it('is given up where PAX headers follow one another for ever', () => {
    expect(read(repeated(5_000, paxHeader({ path: 'x' }))).structure).toBe('unreadable');
    expect(read(repeated(MAX_HEADERS, paxHeader({ comment: 'x' }, 'g'))).structure).toBe('unreadable');
  });

  it('is given up where one PAX header is huge, or all together are', () => {
    expect(read(surrounded([paxHeader({ comment: 'x'.repeat(2 * MIB) })])).bytesRead).toBe(512);
    expect(read(repeated(40, paxHeader({ comment: 'x'.repeat(MIB / 2) }, 'g'))).structure).toBe('unreadable');
  });

  it('is given up beyond the header limit', () => {
    const reading = read(repeated(MAX_HEADERS, { name: 'empty' }));
    expect(reading).toMatchObject({ structure: 'unreadable', why: 'it has more than 100000 headers' });
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('is given up where %s inflates to more than the budget', (_, compress) => {
    const bomb = compress(Buffer.alloc(64 * MIB));
    const before = process.memoryUsage().arrayBuffers;
    expect(read(bomb)).toMatchObject({ structure: 'unreadable', why: 'compressed, and too large to check' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(48 * MIB);

    const large = Buffer.concat([bomb.subarray(0, 100), Buffer.alloc(MAX_COMPRESSED_BYTES)]);
    expect(read(large)).toMatchObject({ structure: 'unreadable', why: 'compressed, and too large to check' });
    expect(read(large).bytesRead).toBeLessThan(1024);
  });

  it('is given up where a bomb lies within a bomb', () => {
    expect(read(gzipSync(gzipSync(buildArchive(OWNER)))).structure).toBe('unreadable');
  });

  it('is given up where zstd asks for a window of 64 MiB', () => {
    // A frame without content size, window log 10 + 16, and an empty last block; then the same with a window of 16 MiB.
    expect(read(Buffer.from('28b52ffd0080010000', 'hex')).why).toMatch(/cannot be inflated/);
    expect(read(Buffer.from('28b52ffd0070010000', 'hex')).why).toMatch(/once inflated/);
  });
});

describe('JSON that wants to do harm', () => {
  const spec = (text: string) => read(withSpec({ content: text })).structure;

  it('nests deeply, or has very many parts', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(spec(nested(MAX_DUMP_NODES - 1))).toBe('complete');
    expect(spec(nested(MAX_DUMP_NODES))).toBe('unreadable');
    expect(spec('['.repeat(MAX_DUMP_BYTES))).toBe('unreadable');
    expect(spec(`{"a":[${'{},'.repeat(MAX_DUMP_NODES)}1]}`)).toBe('unreadable');
  });

  it('holds one string as long as the limit allows', () => {
    expect(spec(`{"a":"${'x'.repeat(MAX_DUMP_BYTES - 8)}"}`)).toBe('complete');
  });

  it('has numbers beyond every range', () => {
    expect(spec(`{"a": 1${'0'.repeat(100_000)}, "b": 1e999999999, "c": -1e-999999999}`)).toBe('complete');
  });

  it('has keys that mean something to JavaScript', () => {
    expect(
      spec('{"__proto__": {"annotations": 1}, "constructor": null, "annotations": {"__proto__": null}}'),
    ).toBe('complete');
    expect(({} as { annotations?: unknown }).annotations).toBeUndefined();
  });

  it('is not UTF-8', () => {
    expect(read(withSpec({ content: Buffer.from('{"a": "\xff\xfe\x80"}', 'latin1') })).structure).toBe(
      'complete',
    );
  });
});
