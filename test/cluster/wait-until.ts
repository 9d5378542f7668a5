import { setTimeout as wait } from 'node:timers/promises';

/** How to wait. */
export interface Waiting {
  /** What is waited for, for the message: "not so after 30 s: WHAT". */
  readonly what: string;
  /** Milliseconds. */
  readonly withinMs: number;
  /** Milliseconds between two looks. */
  readonly everyMs?: number;
  /** Says why there is no point in waiting any longer, if that is so. */
  readonly hopeless?: () => string | undefined;
}

/**
 * Asks again and again until the answer is something else than `undefined` or `false`, and gives that.
 *
 * @throws Error at the deadline, or when it is hopeless, with what the last look threw, if it did
 */
export async function waitUntil<T>(
  look: () => T | Promise<T>,
  { what, withinMs, everyMs = 50, hopeless = () => undefined }: Waiting,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    let trouble: unknown;
    try {
      const answer = await look();
      if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    } catch (error) {
      trouble = error;
    }
    const why =
      hopeless() ?? (performance.now() > deadline ? `not so after ${withinMs / 1000} s` : undefined);
    if (why !== undefined) {
      const last = trouble === undefined ? '' : `\nthe last look: ${trouble}`;
      throw new Error(`${why}: ${what}${last}`);
    }
    await wait(everyMs);
  }
}
