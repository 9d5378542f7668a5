/**
 * What stands between a process and everything outside of it, so that it can be ended or stopped at any await: what it waits
 * for comes back never, or when it goes on.
 */
export interface Gate {
  readonly crashed: boolean;
  /** From now on nothing that it waits for comes back, and nothing that it still does gets out. */
  crash(): void;
  /** Crashes it at the n-th call from now on: before the call gets out, or after it. */
  lightFuse(calls: number): void;
  pause(): void;
  resume(): void;
  readonly paused: boolean;
  /** Lets something in: now, when the process goes on, or never. */
  enter(task: () => void): void;
  /** A call that goes out, and its answer that comes in. */
  call<T>(send: () => Promise<T>): Promise<T>;
  /** Lets a wait end. */
  wait<T>(promise: Promise<T>): Promise<T>;
}

export function createGate(): Gate {
  let crashed = false;
  let paused = false;
  let fuse = Number.POSITIVE_INFINITY;
  let held: (() => void)[] = [];

  function enter(task: () => void): void {
    if (crashed) return;
    if (paused) held.push(task);
    else task();
  }
  function wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => enter(() => resolve(value)),
        (error) => enter(() => reject(error)),
      );
    });
  }
  return {
    get crashed() {
      return crashed;
    },
    get paused() {
      return paused;
    },
    crash() {
      crashed = true;
      held = [];
    },
    lightFuse(calls) {
      fuse = calls * 2;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      const tasks = held;
      held = [];
      for (const task of tasks) enter(task);
    },
    enter,
    wait,
    call(send) {
      fuse -= 1;
      if (fuse === 0) crashed = true;
      if (crashed) return new Promise(() => {});
      const answer = wait(send());
      fuse -= 1;
      if (fuse === 0) crashed = true;
      return answer;
    },
  };
}
