import { setImmediate } from 'node:timers/promises';
import type { Clock } from '@checkpoint-warden/kit';

/** Time of the world. It stands still while anybody has something to do, and jumps from one sleeper's end to the next. */
export interface VirtualClock extends Clock {
  /** Lets `ms` pass, event by event; `onEvent` is told after each when all is at rest. */
  run(ms: number, onEvent: () => void): Promise<void>;
  /** Lets all that can go on go on, without time passing. */
  settle(): Promise<void>;
}

interface Sleeper {
  readonly untilMs: number;
  /** Whoever began to sleep first wakes first. */
  readonly serial: number;
  wake: (() => void) | undefined;
}

/** @param startMs - Unix ms that the wall clock starts at */
export function virtualClock(startMs: number): VirtualClock {
  const heap: Sleeper[] = [];
  let nowMs = 0;
  let serial = 0;

  function isBefore(a: Sleeper, b: Sleeper): boolean {
    return a.untilMs < b.untilMs || (a.untilMs === b.untilMs && a.serial < b.serial);
  }
  function push(sleeper: Sleeper): void {
    let at = heap.length;
    while (at > 0) {
      const parent = heap[(at - 1) >> 1];
      if (parent === undefined || isBefore(parent, sleeper)) break;
      heap[at] = parent;
      at = (at - 1) >> 1;
    }
    heap[at] = sleeper;
  }
  function pop(): void {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      if (left === undefined) break;
      const right = heap[2 * at + 2];
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
  /** The next who sleeps; those who were woken before their time are taken out. */
  function next(): Sleeper | undefined {
    while (heap[0] !== undefined && heap[0].wake === undefined) pop();
    return heap[0];
  }
  // All queued promise reactions, and those that they queue, run before an immediate.
  const settle = () => setImmediate();

  return {
    nowMs: () => startMs + nowMs,
    monotonicMs: () => nowMs,
    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (signal.aborted || !(ms > 0)) return resolve();
        const sleeper: Sleeper = {
          untilMs: nowMs + ms,
          serial: ++serial,
          wake: () => {
            sleeper.wake = undefined;
            signal.removeEventListener('abort', wake);
            resolve();
          },
        };
        const wake = () => sleeper.wake?.();
        signal.addEventListener('abort', wake, { once: true });
        push(sleeper);
      });
    },
    settle,
    async run(ms, onEvent) {
      const endMs = nowMs + ms;
      await settle();
      onEvent();
      for (let sleeper = next(); sleeper !== undefined && sleeper.untilMs <= endMs; sleeper = next()) {
        nowMs = Math.max(nowMs, sleeper.untilMs);
        pop();
        sleeper.wake?.();
        await settle();
        onEvent();
      }
      nowMs = endMs;
    },
  };
}

/** The clocks of one machine: the world's monotonic time, and a wall clock that may be wrong. */
export interface MachineClock extends Clock {
  /** How far the wall clock is off, ms. */
  offsetMs: number;
}

export function machineClock(clock: Clock): MachineClock {
  return {
    offsetMs: 0,
    nowMs() {
      return clock.nowMs() + this.offsetMs;
    },
    monotonicMs: clock.monotonicMs,
    sleep: clock.sleep,
  };
}
