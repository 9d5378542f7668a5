import type { ArchiveReading } from './archive-reading.ts';
import type { FileId } from './file-id.ts';

/** A regular file with an archive's name, as one `lstat` showed it. */
export interface ListedFile {
  readonly name: string;
  readonly fileId: FileId;
  /** Whether `<name>.keep` stands beside it. */
  readonly pinned: boolean;
}

/** One full look at the checkpoint directory. */
export interface Listing {
  readonly files: readonly ListedFile[];
  /** Archive names whose `lstat` failed: nothing is known of them now, not even that they are gone. */
  readonly unknown: readonly string[];
  /** Identity of the directory itself: another one means that it was replaced and a watch on it is dead. */
  readonly directory: { readonly dev: bigint; readonly ino: bigint };
}

/** What came of one deletion. */
export type Removal =
  | { readonly result: 'deleted' | 'already-gone' }
  /** Not the file that was planned any more, or a pin has appeared: kept. */
  | { readonly result: 'changed' | 'pinned'; readonly why: string }
  | { readonly result: 'failed'; readonly why: string };

/** The checkpoint directory, as the agent needs it. */
export interface ArchiveStore {
  /**
   * Lists all archives. Gives way to other work in between.
   *
   * @param onProgress - told now and then how many directory entries have been seen
   * @throws the system error when the directory cannot be listed
   */
  list(onProgress?: (entries: number) => void): Promise<Listing>;
  /** One archive as it is now; `undefined` when it is gone or no regular file; throws any other system error. */
  stat(name: string): ListedFile | undefined;
  read(file: ListedFile): ArchiveReading;
  /**
   * Deletes one archive if it still is the one planned and not pinned (safety rules 2, 3), and, for a leftover, still
   * incomplete (rule 6).
   */
  remove(planned: PlannedRemoval): Removal;
  /** Size and available bytes of the filesystem. */
  disk(): { readonly sizeBytes: number; readonly availBytes: number };
}

export interface PlannedRemoval {
  readonly name: string;
  readonly fileId: FileId;
  /** Whether it is to go as an incomplete leftover. */
  readonly leftover: boolean;
}
