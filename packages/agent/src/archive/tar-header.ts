/** Size of a tar block: headers are one block, content is padded to whole ones. */
export const BLOCK_BYTES = 512;

/** A block to read headers into, one after the other. */
export interface TarBlock {
  readonly bytes: Buffer;
  /** The same memory in words, which makes the checksum several times cheaper. */
  readonly words: Uint32Array;
}

/** One header of a tar archive, as far as the hop from header to header needs it. */
export interface TarHeader {
  readonly name: string;
  /** The type flag: `0` file, `5` directory, `x` PAX header, … */
  readonly type: string;
  /** Bytes of content; `undefined` where the field holds no size. May exceed what a double holds exactly: compare only. */
  readonly sizeBytes: number | undefined;
}

const SPACE = 0x20;
const CHECKSUM_START = 148;
const CHECKSUM_END = 156;

export function allocateBlock(): TarBlock {
  const memory = new ArrayBuffer(BLOCK_BYTES);
  return { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
}

/**
 * Parses a block as a tar header of any dialect: v7, POSIX ustar and PAX, GNU.
 *
 * @returns `undefined` where the checksum says that this is no header
 * @see POSIX.1-2024 `pax`, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"
 */
export function parseTarHeader(block: TarBlock): TarHeader | undefined {
  if (!hasValidChecksum(block)) return undefined;
  const { bytes } = block;
  const name = textAt(bytes, 0, 100);
  const hasPrefix = bytes[345] !== 0 && bytes.toString('latin1', 257, 263) === 'ustar\0';
  return {
    name: hasPrefix ? `${textAt(bytes, 345, 155)}/${name}` : name,
    type: String.fromCharCode(bytes[156] || 0x30),
    sizeBytes: sizeAt(bytes, 124, 12),
  };
}

/** Where content of `sizeBytes` ends once padded to whole blocks, counted from where it begins. */
export function paddedBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** The sum of all bytes, with the checksum field itself taken as spaces. Some old tars summed signed bytes. */
function hasValidChecksum({ bytes, words }: TarBlock): boolean {
  const stored = octalAt(bytes, CHECKSUM_START, CHECKSUM_END - CHECKSUM_START);
  if (stored === undefined) return false;
  let sum = sumOfBytes(words);
  for (let i = CHECKSUM_START; i < CHECKSUM_END; i++) sum += SPACE - (bytes[i] ?? 0);
  return stored === sum || stored === sum - 256 * highBytes(bytes);
}

/** Adds bytes in two 16-bit lanes at once; 256 bytes a lane, so at most 65,280, do not overflow. */
function sumOfBytes(words: Uint32Array): number {
  let lanes = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    lanes += (word & 0xff00ff) + ((word >>> 8) & 0xff00ff);
  }
  return (lanes & 0xffff) + (lanes >>> 16);
}

/** How many bytes outside the checksum field are negative when signed. */
function highBytes(bytes: Buffer): number {
  let count = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) {
    if ((bytes[i] ?? 0) > 0x7f && (i < CHECKSUM_START || i >= CHECKSUM_END)) count++;
  }
  return count;
}

function textAt(bytes: Buffer, start: number, length: number): string {
  let end = start;
  while (end < start + length && bytes[end] !== 0) end++;
  return bytes.toString('utf8', start, end);
}

/** Octal digits, or a big-endian number with the top bit set where octal is too short for it (GNU and star). */
function sizeAt(bytes: Buffer, start: number, length: number): number | undefined {
  const first = bytes[start] ?? 0;
  if ((first & 0x80) === 0) return octalAt(bytes, start, length);
  if ((first & 0x40) !== 0) return undefined; // negative
  let value = first & 0x3f;
  for (let i = start + 1; i < start + length; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

/** Digits between optional spaces or NULs; an empty field is 0, anything else is no number. */
function octalAt(bytes: Buffer, start: number, length: number): number | undefined {
  const end = start + length;
  let i = skipBlanks(bytes, start, end);
  let value = 0;
  for (; i < end; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  return skipBlanks(bytes, i, end) === end ? value : undefined;
}

function skipBlanks(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && (bytes[i] === SPACE || bytes[i] === 0)) i++;
  return i;
}
