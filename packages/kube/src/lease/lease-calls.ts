import type { Clock } from '@checkpoint-warden/kit';
import type { KubeApi, ObjectKey } from '../kube-api.ts';
import type { Lease } from '../objects.ts';
import { LEASES } from '../resource.ts';
import { withTimeLimit } from '../time-limit.ts';
import { type LeaseTiming, released } from './lease-record.ts';

/** What every part of the election works with. */
export interface LeaseDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly key: ObjectKey & { readonly namespace: string };
  /** Of this run of this process, and of no other. */
  readonly identity: string;
  readonly timing: LeaseTiming;
}

/** A call gets half of the time that a leader has, so that one that hangs leaves time for another. */
export function limitedCall<T>(
  { clock, timing }: LeaseDeps,
  signal: AbortSignal,
  call: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  return withTimeLimit(clock, timing.renewDeadlineMs / 2, signal, call);
}

/** Gives the Lease up if it still is ours, so that the next leader need not wait until it has expired. */
export async function releaseLease(deps: LeaseDeps, isOurs: (lease: Lease) => boolean): Promise<void> {
  const { api, clock, key } = deps;
  // Whoever stops has an aborted signal; the calls have their time limit.
  const { signal } = new AbortController();
  const found = await limitedCall(deps, signal, (limit) => api.get(LEASES, key, limit));
  if (found === undefined || !isOurs(found)) return;
  await limitedCall(deps, signal, (limit) => api.replace(LEASES, released(found, clock.nowMs()), limit));
}
