/** Waits that somebody can end early. See {@link createWaker}. */
export interface Waker {
  /** Ends the wait under way, or the next one before it begins. */
  wake(): void;
  /** Resolves after `ms`, at the next `wake`, or when `signal` is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The longest delay a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Makes a waker: a `wake` that comes while nobody waits is not lost. */
export function createWaker(): Waker {
  let isAwake = false;
  let end: (() => void) | undefined;
  return {
    wake() {
      isAwake = true;
      end?.();
    },
    async wait(ms, signal) {
      if (!isAwake && !signal.aborted && ms > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(finish, Math.min(ms, MAX_TIMER_MS));
          signal.addEventListener('abort', finish, { once: true });
          function finish(): void {
            clearTimeout(timer);
            signal.removeEventListener('abort', finish);
            resolve();
          }
          end = finish;
        });
        end = undefined;
      }
      isAwake = false;
    },
  };
}
