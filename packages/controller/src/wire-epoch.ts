import { fromWireTime, toWireTime, type WireEpoch } from '@checkpoint-warden/api';
import type { LeaseEpoch } from '@checkpoint-warden/kube';

export function epochToWire({ leaseCreatedMs, leaseTransitions }: LeaseEpoch): WireEpoch {
  return { leaseCreated: toWireTime(leaseCreatedMs), leaseTransitions };
}

export function epochFromWire({ leaseCreated, leaseTransitions }: WireEpoch): LeaseEpoch {
  return { leaseCreatedMs: fromWireTime(leaseCreated), leaseTransitions };
}
