import { describe, expect, it } from 'vitest';
import {
  base256,
  gnuLongName,
  packTar,
  paxHeader,
  sealHeader,
  type TarMember,
} from '../testing/tar-member.ts';
import { hopTar, type TarSource } from './hop-tar.ts';
import { sourceOf } from './memory-source.ts';
import { MAX_HEADERS } from './read-limits.ts';

const FILE: TarMember = { name: 'file', content: 'content' };

function hop(tar: Buffer | TarSource) {
  const names: string[] = [];
  const end = hopTar(Buffer.isBuffer(tar) ? sourceOf(tar) : tar, ({ name }) => names.push(name));
  return { names, end };
}

/** A tar whose first header was changed by `edit` and given a right checksum again. */
function edited(edit: (header: Buffer) => void, members: readonly TarMember[] = [FILE, FILE]): Buffer {
  const tar = packTar(members);
  const header = tar.subarray(0, 512);
  edit(header);
  sealHeader(header);
  return tar;
}

describe('hopTar', () => {
  it('ends at two zero blocks and says what comes after them', () => {
    expect(hop(packTar([FILE])).end).toEqual({ kind: 'end', trailingBytes: 0 });
    expect(hop(Buffer.concat([packTar([FILE]), Buffer.alloc(700, 'x')])).end).toEqual({
      kind: 'end',
      trailingBytes: 700,
    });
  });

  it.each([
    ['an empty file', Buffer.alloc(0), { kind: 'truncated', position: 0 }],
    ['less than a block of zeros', Buffer.alloc(100), { kind: 'truncated', position: 100 }],
    ['one zero block', Buffer.alloc(512), { kind: 'truncated', position: 512 }],
    ['nothing but zeros', Buffer.alloc(4096), { kind: 'end', trailingBytes: 3072 }],
    ['a short text', Buffer.from('a note'), { kind: 'not-a-tar' }],
    ['random bytes', Buffer.alloc(4096, 'random'), { kind: 'not-a-tar' }],
    ['a tar without its end', packTar([FILE], Buffer.alloc(0)), { kind: 'truncated', position: 1024 }],
    ['a tar with half its end', packTar([FILE], Buffer.alloc(512)), { kind: 'truncated', position: 1536 }],
    [
      'a tar that goes on after one zero block',
      packTar([FILE], Buffer.concat([Buffer.alloc(512), packTar([FILE])])),
      { kind: 'broken', position: 1536 },
    ],
    ['a PAX header for no entry', packTar([paxHeader({ path: 'x' })]), { kind: 'broken', position: 1024 }],
  ])('takes %s for what it is', (_, bytes, end) => {
    expect(hop(bytes).end).toEqual(end);
  });

  it.each([
    ['octal', Buffer.from('77777777777\0')],
    ['twelve octal digits', Buffer.from('777777777777')],
    ['base-256', base256(2n ** 62n)],
    ['base-256 beyond 64 bits', Buffer.alloc(12, 0xff).fill(0xbf, 0, 1)],
    ['one block too many', Buffer.from('00000005001\0')],
  ])('finds a size that lies in %s truncated', (_, sizeField) => {
    expect(hop(packTar([{ ...FILE, sizeField }, FILE])).end.kind).toBe('truncated');
  });

  it.each([
    ['negative', base256(-512n)],
    ['text', Buffer.from('lots of it\0\0')],
    ['octal with an 8', Buffer.from('00000000008\0')],
    ['two numbers', Buffer.from('0000 000010\0')],
    ['hexadecimal', Buffer.from('0x000000010\0')],
  ])('finds a size that is %s broken', (_, sizeField) => {
    expect(hop(packTar([{ ...FILE, sizeField }, FILE])).end).toEqual({ kind: 'broken', position: 0 });
  });

  it('believes a PAX size over the header’s', () => {
    const sizeField = Buffer.from('00000000000\0');
    expect(hop(packTar([paxHeader({ size: '7' }), { ...FILE, sizeField }, FILE])).names).toEqual([
      'file',
      'file',
    ]);
    expect(hop(packTar([paxHeader({ size: '99999999999999999999' }), FILE])).end.kind).toBe('truncated');
    expect(hop(packTar([paxHeader({ size: '-512' }), FILE])).end).toEqual({ kind: 'broken', position: 0 });
    expect(hop(packTar([paxHeader({ size: '1e3' }), FILE])).end).toEqual({ kind: 'broken', position: 0 });
    expect(hop(packTar([paxHeader({ size: '' }), FILE])).names).toEqual(['file']);
  });

  it.each([
    '7 a=b\n',
    '6 a=b',
    '999 a=b\n',
    '-6 a=b\n',
    '0 a=b\n',
    ' a=b\n',
    '6 aab\n',
    '5 =b\n',
    'a=b\n',
    '6 a=b\n\n',
    '9'.repeat(400),
  ])('finds the PAX records %j broken', (content) => {
    expect(hop(packTar([{ name: 'pax', type: 'x', content }, FILE])).end).toEqual({
      kind: 'broken',
      position: 0,
    });
  });

  it.each<[string, TarMember[]]>([
    ['two PAX headers for one entry', [paxHeader({ path: 'a' }), paxHeader({ path: 'b' }), FILE]],
    ['a PAX header and a GNU long name', [paxHeader({ path: 'a' }), gnuLongName('b'), FILE]],
    ['two GNU long names', [gnuLongName('a'), gnuLongName('b'), FILE]],
    ['a global header that renames', [paxHeader({ path: 'a' }, 'g'), FILE]],
    ['a global header that resizes', [paxHeader({ size: '1' }, 'g'), FILE]],
    ['a sparse file of PAX', [paxHeader({ 'GNU.sparse.major': '1' }), FILE]],
    ['a sparse file of GNU', [{ ...FILE, type: 'S' }]],
    ['a volume that continues another', [{ ...FILE, type: 'M' }]],
    ['a directory with content', [{ ...FILE, type: '5' }]],
    ['a file with content and a directory’s name', [{ ...FILE, name: 'dir/' }]],
    ['a symbolic link with content', [{ ...FILE, type: '2' }]],
    ['a hard link with content', [{ ...FILE, type: '1' }]],
  ])('refuses %s, on which tar readers differ', (_, members) => {
    expect(hop(packTar(members)).end.kind).toBe('unsupported');
  });

  it('accepts old tars: no magic, signed checksums, type NUL', () => {
    const old = edited((header) => header.fill(0, 257, 265).fill(0, 156, 157));
    expect(hop(old).names).toEqual(['file', 'file']);

    const signed = edited((header) => header.write('fil\xe9', 0, 'latin1'));
    const sum = signed
      .subarray(0, 512)
      .reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : (byte << 24) >> 24), 0);
    signed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(hop(signed).names).toHaveLength(2);
  });

  it('puts the ustar prefix before the name, but only where the magic says ustar', () => {
    expect(hop(edited((header) => header.write('some/dir', 345))).names[0]).toBe('some/dir/file');
    const gnu = edited((header) => header.write('some/dir', 345) && header.write('ustar  \0', 257));
    expect(hop(gnu).names[0]).toBe('file');
  });

  it('refuses a header whose checksum is off by one', () => {
    const tar = packTar([FILE, FILE]);
    tar[1024] = (tar[1024] ?? 0) + 1;
    expect(hop(tar)).toEqual({ names: ['file'], end: { kind: 'broken', position: 1024 } });
  });

  it('stops at the header limit in an endless chain', () => {
    const [header] = [packTar([{ name: 'empty' }]).subarray(0, 512)];
    let reads = 0;
    const endless: TarSource = {
      sizeBytes: Number.MAX_SAFE_INTEGER,
      readAt: (buffer) => {
        reads++;
        return header.copy(buffer);
      },
    };
    expect(hop(endless).end.kind).toBe('over-budget');
    expect(reads).toBe(MAX_HEADERS);
  });

  it('stops at a PAX header over the limit without reading it', () => {
    const bomb = packTar([{ name: 'pax', type: 'x', zeroBytes: 2 ** 21 }, FILE]);
    let bytesRead = 0;
    const source = sourceOf(bomb);
    const counted: TarSource = {
      ...source,
      readAt: (buffer, position) => {
        bytesRead += buffer.length;
        return source.readAt(buffer, position);
      },
    };
    expect(hop(counted).end.kind).toBe('over-budget');
    expect(bytesRead).toBe(512);
  });

  it('stops when PAX headers together are over the limit', () => {
    const comment = paxHeader({ comment: 'x'.repeat(2 ** 19) }, 'g');
    expect(hop(packTar([...Array<TarMember>(15).fill(comment), FILE])).end.kind).toBe('end');
    expect(hop(packTar([...Array<TarMember>(17).fill(comment), FILE])).end.kind).toBe('over-budget');
  });
});
