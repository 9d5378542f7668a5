import { waitUntil } from '../../cluster/wait-until.ts';

/**
 * Waits until `look` gives something else than `undefined` or `false`, and gives that.
 *
 * @param what for the message when it does not come: "web-0 has one archive"
 * @param withinMs far more than it takes on a slow machine: a limit against hanging, not a measurement
 */
export function waitFor<T>(what: string, look: () => T | Promise<T>, withinMs = 60_000) {
  return waitUntil(look, { what, withinMs });
}
