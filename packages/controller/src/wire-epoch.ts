import { toWireTime, type WireEpoch } from '@checkpoint-warden/api';
import type { LeaseEpoch } from '@checkpoint-warden/kube';

export function epochToWire({ leaseCreatedMs, leaseTransitions }: LeaseEpoch): WireEpoch {
  return { leaseCreated: toWireTime(leaseCreatedMs), leaseTransitions };
}

/** @param epoch - of an answer that was held to its schema, so that its time is one: this is asked thousands of times a second */
export function epochFromWire({ leaseCreated, leaseTransitions }: WireEpoch): LeaseEpoch {
  return { leaseCreatedMs: Date.parse(leaseCreated), leaseTransitions };
}
