import { lstatSync } from 'node:fs';
import { join } from 'node:path';

/** Far beyond what anything measured here takes. */
const DEADLINE_MS = 60_000;

/**
 * Looks at files again and again, without a pause, until all are gone. Looking does not hinder whoever deletes: an `lstat`
 * of a name in the kernel's cache takes no lock of the directory. An event would come later and cost its sender.
 *
 * @returns when the last was gone, by `performance.now()`
 */
export function whenGone(directory: string, names: readonly string[]): number {
  const deadlineMs = performance.now() + DEADLINE_MS;
  for (const name of names) {
    const path = join(directory, name);
    while (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
      if (performance.now() > deadlineMs) throw new Error(`still there: ${path}`);
    }
  }
  return performance.now();
}
