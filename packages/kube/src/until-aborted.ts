/** Waits for `promise`, but not longer than until `signal` is aborted; then throws its reason. */
export async function untilAborted<A>(promise: Promise<A>, signal: AbortSignal): Promise<A> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
