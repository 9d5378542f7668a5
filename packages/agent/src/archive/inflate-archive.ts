import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { TarSource } from './hop-tar.ts';
import { sourceOf } from './memory-source.ts';
import { MAX_COMPRESSED_BYTES, MAX_INFLATED_BYTES } from './read-limits.ts';

/** An archive held in memory once inflated, or why not; `undefined` where it is not compressed. */
export type Inflated =
  | { readonly kind: 'inflated'; readonly source: TarSource }
  | { readonly kind: 'refused'; readonly why: string }
  | undefined;

type Decompress = (compressed: Buffer) => Buffer;

/** zstd frames may ask for a window of up to 2 GiB; encoders use at most 8 MiB unless told otherwise. */
const MAX_ZSTD_WINDOW_LOG = 24;

const FORMATS: readonly { readonly magic: string; readonly decompress: Decompress }[] = [
  {
    magic: '1f8b08',
    decompress: (compressed) => gunzipSync(compressed, { maxOutputLength: MAX_INFLATED_BYTES }),
  },
  {
    magic: '28b52ffd',
    decompress: (compressed) =>
      zstdDecompressSync(compressed, {
        maxOutputLength: MAX_INFLATED_BYTES,
        params: { [constants.ZSTD_d_windowLogMax]: MAX_ZSTD_WINDOW_LOG },
      }),
  },
];

/**
 * Inflates a gzip or zstd archive into memory, within the read limits. The kubelet's runtimes write plain tars, so a
 * compressed archive was copied in or comes from podman. Whether it is complete shows only at its very end: one that is
 * too large to inflate whole is refused, and thereby never rotated.
 */
export function inflateArchive(source: TarSource): Inflated {
  const head = Buffer.alloc(4);
  source.readAt(head, 0);
  const format = FORMATS.find(({ magic }) => head.toString('hex').startsWith(magic));
  if (format === undefined) return undefined;
  if (source.sizeBytes > MAX_COMPRESSED_BYTES) return TOO_LARGE;
  const compressed = Buffer.allocUnsafe(source.sizeBytes);
  const available = source.readAt(compressed, 0);
  try {
    const inflated = format.decompress(compressed.subarray(0, available));
    return { kind: 'inflated', source: sourceOf(inflated) };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'ERR_BUFFER_TOO_LARGE') return TOO_LARGE;
    return { kind: 'refused', why: `compressed, and cannot be inflated: ${error.message}` };
  }
}

const TOO_LARGE = { kind: 'refused', why: 'compressed, and too large to check' } as const;
