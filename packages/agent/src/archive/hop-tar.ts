import { MAX_ALL_EXTENSIONS_BYTES, MAX_EXTENSION_BYTES, MAX_HEADERS } from './read-limits.ts';
import { extensionOfLongName, extensionOfPax, parsePaxRecords, type TarExtension } from './tar-extension.ts';
import { allocateBlock, BLOCK_BYTES, paddedBytes, parseTarHeader, type TarHeader } from './tar-header.ts';

/** Bytes that can be read at any position: a file, or an inflated archive in memory. */
export interface TarSource {
  readonly sizeBytes: number;
  /** Fills `buffer` from `position`; returns how many bytes there were. */
  readonly readAt: (buffer: Buffer, position: number) => number;
}

export interface TarEntry {
  /** As stored or as PAX or GNU long names replace it; untrusted. */
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  /** Where its content begins. The content and its padding lie within the source. */
  readonly position: number;
}

/**
 * How the chain of headers ended.
 * - `end`: at two zero blocks.
 * - `truncated`: the source ends before the chain does.
 * - `broken`: what should be a header, at `position`, is none.
 * - `not-a-tar`: already the first block is none.
 * - `unsupported`: a form that tar readers do not agree on, so where the next header is depends on who reads.
 * - `over-budget`: more headers or more about them than any checkpoint has.
 */
export type TarEnd =
  | { readonly kind: 'end'; readonly trailingBytes: number }
  | { readonly kind: 'truncated' | 'broken'; readonly position: number }
  | { readonly kind: 'not-a-tar' }
  | { readonly kind: 'unsupported' | 'over-budget'; readonly what: string };

/** Types without content: where a size is given all the same, some readers skip that many bytes and others none. */
const HEADER_ONLY_TYPES = '123456';

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * Walks a tar from header to header without reading the content in between, so the cost depends on the number of entries
 * and not on the size of the archive. Nothing the source holds makes it throw, loop or read beyond the read limits.
 *
 * @param onEntry - called for each entry that lies within the source; PAX headers and long names are applied, not reported
 */
export function hopTar(source: TarSource, onEntry: (entry: TarEntry) => void): TarEnd {
  const block = allocateBlock();
  let extension: TarExtension | undefined;
  let extensionBytes = 0;
  let position = 0;
  for (let headers = 0; headers < MAX_HEADERS; headers++) {
    const available = source.readAt(block.bytes, position);
    if (available < BLOCK_BYTES) return shortBlock(block.bytes.subarray(0, available), position);
    const header = parseTarHeader(block);
    if (header === undefined) {
      if (!isZero(block.bytes)) return position === 0 ? { kind: 'not-a-tar' } : { kind: 'broken', position };
      return extension === undefined
        ? atZeroBlock(source, block.bytes, position)
        : { kind: 'broken', position };
    }
    const sizeBytes = isExtension(header) ? header.sizeBytes : (extension?.sizeBytes ?? header.sizeBytes);
    if (sizeBytes === undefined) return { kind: 'broken', position };
    const contentPosition = position + BLOCK_BYTES;
    const nextPosition = contentPosition + paddedBytes(sizeBytes);
    if (nextPosition > source.sizeBytes) return { kind: 'truncated', position: source.sizeBytes };

    if (isExtension(header)) {
      extensionBytes += sizeBytes;
      if (sizeBytes > MAX_EXTENSION_BYTES || extensionBytes > MAX_ALL_EXTENSIONS_BYTES) {
        return {
          kind: 'over-budget',
          what: 'its PAX headers and long names are larger than any checkpoint has',
        };
      }
      const outcome = readExtension(source, header, { position: contentPosition, sizeBytes }, extension);
      if (outcome === 'broken') return { kind: 'broken', position };
      if (outcome === 'unsupported') return unsupported(header);
      extension = outcome;
    } else {
      const name = extension?.name ?? header.name;
      const type = header.type === '0' && name.endsWith('/') ? '5' : header.type;
      const isAmbiguous = sizeBytes > 0 && HEADER_ONLY_TYPES.includes(type);
      if (isAmbiguous || type === 'S' || type === 'M') return unsupported({ ...header, type });
      onEntry({ name, type, sizeBytes, position: contentPosition });
      extension = undefined;
    }
    position = nextPosition;
  }
  return { kind: 'over-budget', what: `it has more than ${MAX_HEADERS} headers` };
}

function isExtension({ type }: TarHeader): boolean {
  return type === 'x' || type === 'g' || type === 'L' || type === 'K';
}

/**
 * @param before - what earlier headers said about the same entry. Where two say something, readers differ on which
 * counts (Go, GNU tar and Node's tar-stream each have their own order), so nothing may depend on it.
 */
function readExtension(
  source: TarSource,
  header: TarHeader,
  content: { readonly position: number; readonly sizeBytes: number },
  before: TarExtension | undefined,
): TarExtension | undefined | 'broken' | 'unsupported' {
  if (header.type === 'K') return before; // the target of a link: of no interest
  const payload = Buffer.allocUnsafe(content.sizeBytes);
  if (source.readAt(payload, content.position) < payload.length) return 'broken';
  const found = header.type === 'L' ? extensionOfLongName(payload) : extensionOfRecords(payload);
  if (found === undefined) return 'broken';
  if (found === 'sparse') return 'unsupported';
  // A global header that renames or resizes everything after it: Go ignores it, GNU tar obeys.
  if (header.type === 'g') return Object.keys(found).length === 0 ? before : 'unsupported';
  return before === undefined ? found : 'unsupported';
}

function extensionOfRecords(payload: Buffer): TarExtension | 'sparse' | undefined {
  const records = parsePaxRecords(payload);
  return records === undefined ? undefined : extensionOfPax(records);
}

/** One zero block may only be followed by a second. */
function atZeroBlock(source: TarSource, block: Buffer, position: number): TarEnd {
  const second = position + BLOCK_BYTES;
  if (source.readAt(block, second) < BLOCK_BYTES) return { kind: 'truncated', position: source.sizeBytes };
  if (!isZero(block)) return { kind: 'broken', position: second };
  return { kind: 'end', trailingBytes: source.sizeBytes - second - BLOCK_BYTES };
}

/** A file shorter than one header that is not empty or zeros shows nothing of a tar. */
function shortBlock(rest: Buffer, position: number): TarEnd {
  if (position === 0 && !isZero(rest)) return { kind: 'not-a-tar' };
  return { kind: 'truncated', position: position + rest.length };
}

function unsupported({ type }: TarHeader): TarEnd {
  return {
    kind: 'unsupported',
    what: `an entry of type ${JSON.stringify(type)} that tar readers do not agree on`,
  };
}

function isZero(bytes: Buffer): boolean {
  return ZEROS.subarray(0, bytes.length).equals(bytes);
}
