import { AppError } from '@checkpoint-warden/errors';
import type { Clock } from '@checkpoint-warden/kit';

/** Without a reason of its own, every `abort` makes an error with a stack. */
const OVER = 'over';

/**
 * Makes a call with a time limit on `clock`, so that it holds on a virtual one as well.
 *
 * @param call - ends when the signal that it is given is aborted
 * @throws what `call` throws: AppError `CW_ERR_UNREACHABLE` after `limitMs`, the reason of `signal` when that is aborted
 */
export async function withTimeLimit<T>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const limit = new AbortController();
  const abort = () => limit.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  void clock.sleep(limitMs, limit.signal).then(() => {
    if (limit.signal.aborted) return;
    limit.abort(
      new AppError('CW_ERR_UNREACHABLE', `the API server gave no answer within ${limitMs} ms`, {
        retryable: true,
      }),
    );
  });
  try {
    return await call(limit.signal);
  } finally {
    signal.removeEventListener('abort', abort);
    limit.abort(OVER);
  }
}
