import type { Clock } from '@checkpoint-warden/kit';

/** How far wall time may run away from monotonic time between two looks. NTP slews at most 0.5 ms a second. */
const MAX_DRIFT_MS = 2_000;
/** How far wall time may lie behind what was seen before a restart, or away from the controller's. */
const MAX_OFFSET_MS = 5 * 60_000;
/** How long the clock must have run steadily to be trusted again. */
const STEADY_MS = 10 * 60_000;

/** Whether what depends on now may be acted on. */
export interface ClockTrust {
  readonly trusted: boolean;
  /** For people; empty when trusted. */
  readonly why: string;
}

/** Watches the wall clock. See {@link createClockGuard}. */
export interface ClockGuard {
  /** Looks at the clock; call it before every pass. */
  check(): ClockTrust;
  /** The controller's wall time as a message from it has just said, Unix ms. */
  compareWith(controllerMs: number): void;
}

/**
 * Notices a clock that cannot be trusted (safety rule 11): one that steps, one that is behind what this node has seen
 * before, one that differs from the controller's. It is trusted again after it has run steadily for ten minutes.
 *
 * @param lastSeenMs - latest wall time in the state directory, Unix ms; `undefined` on a first start
 */
export function createClockGuard(clock: Clock, lastSeenMs: number | undefined): ClockGuard {
  let wallMs = clock.nowMs();
  let monotonicMs = clock.monotonicMs();
  let doubt: { readonly why: string; readonly sinceMs: number } | undefined;

  const suspect = (why: string): void => {
    doubt = { why, sinceMs: clock.monotonicMs() };
  };
  if (lastSeenMs !== undefined && lastSeenMs - wallMs > MAX_OFFSET_MS) {
    suspect('the clock is behind what this node has seen before');
  }

  return {
    check() {
      const [nowWallMs, nowMonotonicMs] = [clock.nowMs(), clock.monotonicMs()];
      const driftMs = nowWallMs - wallMs - (nowMonotonicMs - monotonicMs);
      [wallMs, monotonicMs] = [nowWallMs, nowMonotonicMs];
      if (Math.abs(driftMs) > MAX_DRIFT_MS) suspect('the clock has stepped');
      else if (doubt !== undefined && nowMonotonicMs - doubt.sinceMs >= STEADY_MS) doubt = undefined;
      return { trusted: doubt === undefined, why: doubt?.why ?? '' };
    },
    compareWith(controllerMs) {
      if (Math.abs(controllerMs - clock.nowMs()) > MAX_OFFSET_MS) {
        suspect('the clock differs from the controller’s by more than five minutes');
      }
    },
  };
}
