/** A signal that is aborted at a time limit, or with the caller's. See {@link startDeadline}. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Begins a new limit in place of the one before. */
  restart(ms: number, reason: () => unknown): void;
  /** No limit any more; the caller's signal is let go of. */
  stop(): void;
}

/**
 * Starts a time limit on a call. Unlike `AbortSignal.any` and `AbortSignal.timeout` it leaves nothing behind with a caller's
 * signal that outlives thousands of calls, and no timer.
 *
 * @param reason - makes what `signal` is aborted with when the limit is reached. When the caller's signal comes first, it is
 * the caller's own reason
 */
export function startDeadline(caller: AbortSignal | undefined, ms: number, reason: () => unknown): Deadline {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const abort = () => controller.abort(caller?.reason);
  const restart: Deadline['restart'] = (limitMs, makeReason) => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(makeReason()), limitMs);
  };
  caller?.addEventListener('abort', abort, { once: true });
  if (caller?.aborted) abort();
  restart(ms, reason);
  return {
    signal: controller.signal,
    restart,
    stop() {
      clearTimeout(timer);
      caller?.removeEventListener('abort', abort);
    },
  };
}
