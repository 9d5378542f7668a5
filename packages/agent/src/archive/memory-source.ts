import type { TarSource } from './hop-tar.ts';

/** Bytes in memory as a source. */
export function sourceOf(bytes: Buffer): TarSource {
  return {
    sizeBytes: bytes.length,
    readAt: (buffer, position) => (position < bytes.length ? bytes.copy(buffer, 0, position) : 0),
  };
}
