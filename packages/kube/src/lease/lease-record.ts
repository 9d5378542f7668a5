import { AppError } from '@checkpoint-warden/errors';
import { KubeError } from '../kube-error.ts';
import type { LeaseEpoch } from '../lease-epoch.ts';
import { toMicroTime } from '../micro-time.ts';
import type { Lease } from '../objects.ts';

/** How the Lease is held. Durations in ms. */
export interface LeaseTiming {
  /** How long others leave a Lease alone that does not change. */
  readonly leaseDurationMs: number;
  /** How long after the beginning of its last successful renewal a leader stops. Shorter than the lease, by what two clocks can differ. */
  readonly renewDeadlineMs: number;
  /** How often a leader renews, and how often others look. */
  readonly retryPeriodMs: number;
}

/** Of a Lease that nobody holds: what is left of it has no meaning, and 0 is refused. */
const RELEASED_SECONDS = 1;

/** @throws AppError `CW_ERR_KUBE_API` when the API server has not said when the Lease was created */
export function epochOf({ metadata, spec }: Lease): LeaseEpoch {
  const leaseCreatedMs = Date.parse(metadata.creationTimestamp ?? '');
  if (!Number.isFinite(leaseCreatedMs)) {
    throw new AppError('CW_ERR_KUBE_API', `the Lease ${metadata.name} has no creationTimestamp`);
  }
  return { leaseCreatedMs, leaseTransitions: spec?.leaseTransitions ?? 0 };
}

/** The Lease as its first holder creates it. */
export function newLease(
  key: { readonly namespace: string; readonly name: string },
  identity: string,
  timing: LeaseTiming,
  nowMs: number,
): Lease {
  return { metadata: key, spec: heldBy(identity, timing, nowMs, 0) };
}

/** The Lease as it is taken over: whoever had it before, this is another leadership. */
export function takenOver(lease: Lease, identity: string, timing: LeaseTiming, nowMs: number): Lease {
  const transitions = (lease.spec?.leaseTransitions ?? 0) + 1;
  return { ...lease, spec: { ...lease.spec, ...heldBy(identity, timing, nowMs, transitions) } };
}

export function renewed(lease: Lease, nowMs: number): Lease {
  return { ...lease, spec: { ...lease.spec, renewTime: toMicroTime(nowMs) } };
}

/** The Lease as client-go leaves it as well: without a holder, so that the next one need not wait. */
export function released(lease: Lease, nowMs: number): Lease {
  const renewTime = toMicroTime(nowMs);
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: RELEASED_SECONDS, renewTime },
  };
}

/** Whether the API server refused a write because the Lease is not as the writer knew it. A create never finds a Lease gone. */
export function isOutdated(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false;
  return error.status === 409 || (error.status === 404 && error.verb === 'update');
}

function heldBy(holderIdentity: string, timing: LeaseTiming, nowMs: number, leaseTransitions: number) {
  const time = toMicroTime(nowMs);
  const leaseDurationSeconds = Math.ceil(timing.leaseDurationMs / 1000);
  return { holderIdentity, leaseDurationSeconds, leaseTransitions, acquireTime: time, renewTime: time };
}
