import type { Clock } from '@checkpoint-warden/kit';
import type { KubeApi } from '../kube-api.ts';

/** A process that can be ended at any await. */
export interface CrashableProcess {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly crashed: boolean;
  /** From now on nothing that it waits for comes back. What it has sent may still arrive. */
  crash(): void;
}

/** Gives a process ports that it can be cut off from. */
export function crashable(api: KubeApi, clock: Clock): CrashableProcess {
  let crashed = false;

  function unlessCrashed<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => crashed || resolve(value),
        (error) => crashed || reject(error),
      );
    });
  }

  return {
    api: {
      list: (...call) => unlessCrashed(api.list(...call)),
      get: (...call) => unlessCrashed(api.get(...call)),
      create: (...call) => unlessCrashed(api.create(...call)),
      replace: (...call) => unlessCrashed(api.replace(...call)),
      applyStatus: (...call) => unlessCrashed(api.applyStatus(...call)),
      watch: (resource, query, onEvent, signal) =>
        unlessCrashed(api.watch(resource, query, (event) => crashed || onEvent(event), signal)),
    },
    clock: {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms, signal) => unlessCrashed(clock.sleep(ms, signal)),
    },
    get crashed() {
      return crashed;
    },
    crash() {
      crashed = true;
    },
  };
}
