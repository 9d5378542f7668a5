import { readJsonFile, writeFileAtomic } from './atomic-file.ts';
import type { DamageHandling } from './damage.ts';

/** One value that outlives the process, as a whole. */
export interface Stored<T> {
  /** @returns `undefined` when there is none, or none that can be used */
  load(): T | undefined;
  /**
   * Replaces it. When this returns, it lasts through a power cut.
   *
   * @throws AppError `CW_ERR_STATE_UNWRITABLE`, retryable: the value before is untouched
   */
  save(value: T): void;
}

/**
 * A value in a JSON file. A damaged one is set aside and treated as absent.
 *
 * @param isValid - the check of its schema
 */
export function storedFile<T>(
  path: string,
  isValid: (value: unknown) => value is T,
  handling: DamageHandling,
): Stored<T> {
  return {
    load: () => readJsonFile(path, isValid, handling),
    save: (value) => writeFileAtomic(path, JSON.stringify(value)),
  };
}
