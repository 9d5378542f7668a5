/** The longest delay a timer takes, in ms: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits. Resolves, never rejects, when `signal` is aborted: look at `signal.aborted` afterwards.
 *
 * @param ms - milliseconds; what is longer than a timer takes, Infinity too, ends after 24.8 days; a moment that has passed, at once
 */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
    signal?.addEventListener('abort', done, { once: true });
  });
}
