import { type Clock, createWaker } from '@checkpoint-warden/kit';

/**
 * A wish to hold orphans that is not in the Lease yet. It outlives a leadership: who sees the past come back often loses the
 * Lease by that.
 */
export interface HoldRequest {
  /** `undefined`: there is none. */
  readonly why: string | undefined;
  /** The first reason stays. */
  make(why: string): void;
  /** Calls back whenever one is made, whether or not there is one already. @returns what ends that */
  onMade(listener: () => void): () => void;
  /** It is in the Lease. */
  fulfilled(): void;
  /** Resolves after `ms`, when one is made, or when `signal` is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createHoldRequest(clock: Pick<Clock, 'sleep'>): HoldRequest {
  const waker = createWaker(clock);
  const listeners = new Set<() => void>();
  let why: string | undefined;
  return {
    get why() {
      return why;
    },
    make(reason) {
      why ??= reason;
      waker.wake();
      for (const listener of listeners) listener();
    },
    onMade(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    fulfilled() {
      why = undefined;
    },
    wait: waker.wait,
  };
}
