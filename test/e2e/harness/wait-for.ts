import { waitUntil } from '../../cluster/wait-until.ts';

/** Far more than anything takes on a slow machine: a limit against hanging, not a measurement. */
export const WITHIN_MS = 180_000;

/**
 * Waits until `look` gives something else than `undefined` or `false`, and gives that.
 *
 * @param what for the message when it does not come: "web-0 has one archive"
 */
export function waitFor<T>(what: string, look: () => T | Promise<T>) {
  return waitUntil(look, { what, withinMs: WITHIN_MS });
}
