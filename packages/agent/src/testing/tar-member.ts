/** One entry of a tar under construction. */
export interface TarMember {
  readonly name: string;
  /** Type flag; `0`, a file, unless given. */
  readonly type?: string;
  readonly content?: string | Buffer;
  /** Instead of content: that many zero bytes, which take no space in memory and become a hole on disk. */
  readonly zeroBytes?: number;
  /** Written in place of the size that the content has: a lie, for hostile archives. Twelve bytes. */
  readonly sizeField?: Buffer;
}

/** A stretch of an archive: bytes, or a number of zero bytes. */
export type Stretch = Buffer | number;

const BLOCK_BYTES = 512;
const MAX_OCTAL_SIZE = 8 ** 11 - 1;

/** The two zero blocks that end a tar. */
export const END_OF_TAR = Buffer.alloc(2 * BLOCK_BYTES);

/** A member as it lies in a tar: a PAX header where the size needs one (as Go writes it), header, content, padding. */
export function stretchesOf(member: TarMember): Stretch[] {
  const content = Buffer.from(member.content ?? '');
  const sizeBytes = member.zeroBytes ?? content.length;
  const padding = Buffer.alloc(-sizeBytes & (BLOCK_BYTES - 1));
  const body = [member.zeroBytes ?? content, padding];
  if (sizeBytes <= MAX_OCTAL_SIZE) return [header(member, sizeBytes), ...body];
  return [...stretchesOf(paxHeader({ size: String(sizeBytes) })), header(member, 0), ...body];
}

/** A PAX extended header that applies to the member after it. */
export function paxHeader(records: Readonly<Record<string, string>>, type: 'x' | 'g' = 'x'): TarMember {
  const content = Object.entries(records).map(([key, value]) => paxRecord(`${key}=${value}\n`));
  return { name: 'PaxHeaders.0/entry', type, content: content.join('') };
}

/** GNU's way to give the member after it a name of any length. */
export function gnuLongName(name: string): TarMember {
  return { name: '././@LongLink', type: 'L', content: `${name}\0` };
}

/** A size as GNU tar and star write it where octal digits do not suffice. */
export function base256(value: bigint): Buffer {
  const field = Buffer.alloc(12, value < 0n ? 0xff : 0);
  field.writeBigInt64BE(value, 4);
  if (value >= 0n) field[0] = 0x80;
  return field;
}

/** A tar of these members, whole and in memory. */
export function packTar(members: readonly TarMember[], end: Buffer = END_OF_TAR): Buffer {
  const stretches = members.flatMap(stretchesOf);
  return Buffer.concat([...stretches.map((s) => (typeof s === 'number' ? Buffer.alloc(s) : s)), end]);
}

/** Makes a header's checksum right again after its bytes were changed. */
export function sealHeader(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function header(member: TarMember, sizeBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(member.name, 0, 100);
  block.write('0000600\x000000000\x000000000\0', 100);
  const sizeField = member.sizeField ?? Buffer.from(`${sizeBytes.toString(8).padStart(11, '0')}\0`);
  sizeField.copy(block, 124);
  block.write('15301035564\0', 136);
  block.write(member.type ?? '0', 156, 1, 'latin1');
  block.write('ustar\x0000', 257);
  return sealHeader(block);
}

/** The length in front counts its own digits. */
function paxRecord(text: string): string {
  const bytes = Buffer.byteLength(text) + 1;
  let length = bytes + 1;
  while (bytes + String(length).length !== length) length = bytes + String(length).length;
  return `${length} ${text}`;
}
