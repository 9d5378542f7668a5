import type { Owner } from '@checkpoint-warden/policy';
import type { FileId } from './file-id.ts';

/**
 * What reading one archive showed.
 * - `complete`: the tar's header chain ends in two zero blocks, and `config.dump` and `spec.dump` are JSON objects.
 *   Without an owner it is unattributed.
 * - `incomplete`: it begins as a tar and ends too early, or never got beyond nothing or zeros: what a full disk, a killed
 *   runtime or a power cut leaves behind, or an archive still being written.
 * - `unreadable`: cannot be judged (not a tar, over the read budget, damaged compression, I/O error). Never rotated and
 *   never taken for a leftover: it may be somebody's encrypted or compressed copy.
 */
export type ArchiveReading = ReadingFacts &
  (
    | {
        readonly structure: 'complete';
        readonly owner: Owner | undefined;
        /** Bytes after the two zero blocks: record padding, or the tail of a larger archive that was overwritten. */
        readonly trailingBytes: number;
      }
    | { readonly structure: 'incomplete' }
    | { readonly structure: 'unreadable' }
  );

interface ReadingFacts {
  /** For people: what led to the result, and which source told the owner or why none did. */
  readonly why: string;
  /** The file that was read; `undefined` where it could not be opened. */
  readonly fileId: FileId | undefined;
  /** Bytes read from the file. */
  readonly bytesRead: number;
  /** `false`: the file changed or an I/O call failed meanwhile, so look again rather than remember this. */
  readonly settled: boolean;
}
