/** Pauses that double from `firstMs` up to `maxMs`. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** @param attempts - made so far, from 1 */
export function backoffMs({ firstMs, maxMs }: Backoff, attempts: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(attempts - 1, 30));
}

/** Spreads what would happen at once: a factor between 0.8 and 1.2. */
export function jittered(ms: number, random: () => number): number {
  return ms * (0.8 + 0.4 * random());
}
