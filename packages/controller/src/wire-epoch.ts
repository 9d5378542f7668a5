import { toWireTime, type WireEpoch } from '@checkpoint-warden/api';
import type { LeaseEpoch } from '@checkpoint-warden/kube';

export function epochToWire({ leaseCreatedMs, leaseTransitions }: LeaseEpoch): WireEpoch {
  return { leaseCreated: toWireTime(leaseCreatedMs), leaseTransitions };
}

/** Asked for thousands of times a second, of epochs that stay the same. */
const known = new WeakMap<WireEpoch, LeaseEpoch>();

/** @param epoch - of an answer that was held to its schema, so that its time is one */
export function epochFromWire(epoch: WireEpoch): LeaseEpoch {
  let made = known.get(epoch);
  if (made === undefined) {
    made = { leaseCreatedMs: Date.parse(epoch.leaseCreated), leaseTransitions: epoch.leaseTransitions };
    known.set(epoch, made);
  }
  return made;
}
