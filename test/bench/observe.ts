import { lstatSync } from 'node:fs';
import { join } from 'node:path';

/** Far beyond what anything measured here takes. */
const DEADLINE_MS = 60_000;

/** Between two looks. Who looks without a pause takes a core, which whoever deletes may need. */
const PAUSE_MS = 0.05;

const nobody = new Int32Array(new SharedArrayBuffer(4));

/**
 * Looks at files again and again until all are gone. It sees the end up to a tenth of a millisecond late. Looking does not
 * hinder whoever deletes: an `lstat` of a name that the kernel knows takes no lock of the directory. An event would come
 * later and cost its sender.
 *
 * @returns when the last was gone, by `performance.now()`
 */
export function whenGone(directory: string, names: readonly string[]): number {
  const deadlineMs = performance.now() + DEADLINE_MS;
  for (const name of names) {
    const path = join(directory, name);
    while (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
      if (performance.now() > deadlineMs) throw new Error(`still there: ${path}`);
      Atomics.wait(nobody, 0, 0, PAUSE_MS);
    }
  }
  return performance.now();
}
