import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { extract, pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { gnuLongName, packTar, paxHeader, type TarMember } from '../testing/tar-member.ts';
import { hopTar } from './hop-tar.ts';
import { sourceOf } from './memory-source.ts';

interface Seen {
  readonly name: string;
  readonly sizeBytes: number;
}

function hop(tar: Buffer) {
  const entries: Seen[] = [];
  const end = hopTar(sourceOf(tar), ({ name, sizeBytes }) => entries.push({ name, sizeBytes }));
  return { entries, end };
}

/** What tar-stream, an independent implementation that reads every byte, finds. */
async function extracted(tar: Buffer): Promise<Seen[]> {
  const entries: Seen[] = [];
  const reader = extract();
  reader.on('entry', ({ name, size = 0 }, content, next) => {
    entries.push({ name, sizeBytes: size });
    content.on('end', next).resume();
  });
  const finished = once(reader, 'finish');
  reader.end(tar);
  await finished;
  return entries;
}

const letters = fc.array(fc.constantFrom('a', 'b', '/', 'é', '.', '-', 'long-directory-name/'), {
  minLength: 1,
});
const name = letters.map((parts) => `n${parts.join('')}x`);
const longName = fc
  .integer({ min: 90, max: 300 })
  .map((length) => `${'d'.repeat(length % 99)}/${'f'.repeat(length)}`);
const content = fc
  .oneof(fc.constant(0), fc.constantFrom(511, 512, 513, 1024), fc.nat(5000))
  .map((n) => Buffer.alloc(n, 'x'));
const files = fc.array(fc.record({ name: fc.oneof(name, longName), content }), { maxLength: 12 });

it('finds the same entries as tar-stream in what tar-stream writes', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.boolean(), async (members, withPax) => {
      const packer = pack();
      for (const { name, content } of members) {
        packer.entry(
          { name, ...(withPax && { pax: { comment: 'x'.repeat(content.length % 700) } }) },
          content,
        );
      }
      packer.finalize();
      const tar = await buffer(packer);
      const { entries, end } = hop(tar);
      expect(entries).toEqual(await extracted(tar));
      expect(entries).toEqual(members.map((m) => ({ name: m.name, sizeBytes: m.content.length })));
      expect(end).toEqual({ kind: 'end', trailingBytes: 0 });
    }),
  );
});

it('finds the same entries as tar-stream in the dialects that tar-stream does not write', async () => {
  const named = (name: string, content: Buffer): fc.Arbitrary<TarMember[]> =>
    fc.constantFrom(
      [gnuLongName(name), { name: name.slice(0, 20), content }],
      [{ ...gnuLongName('target'), type: 'K' }, gnuLongName(name), { name: 'short', content }],
      [
        paxHeader({ path: name, size: String(content.length), mtime: '1.5' }),
        { name: 'short', content, sizeField: ZERO },
      ],
      [paxHeader({ comment: 'global' }, 'g'), { name: 'short', content }],
      [{ name: 'base256', content, sizeField: base256Of(content.length) }],
      [
        {
          name: 'spaces',
          content,
          sizeField: Buffer.from(content.length.toString(8).padStart(11, ' ').concat(' ')),
        },
      ],
    );
  const members = fc.array(
    files.chain(([file]) => named(file?.name ?? 'x', file?.content ?? Buffer.alloc(3))),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(members, async (groups) => {
      const tar = packTar(groups.flat());
      const { entries, end } = hop(tar);
      expect(entries).toEqual(await extracted(tar));
      expect(entries).toHaveLength(groups.length);
      expect(end).toEqual({ kind: 'end', trailingBytes: 0 });
    }),
  );
});

const ZERO = Buffer.from('00000000000\0');

function base256Of(value: number): Buffer {
  const field = Buffer.alloc(12);
  field.writeUIntBE(value, 6, 6);
  field[0] = 0x80;
  return field;
}
