/**
 * Which leadership a message comes from: the creation of the Lease, then how often it has changed hands. A Lease that is made
 * anew by a reinstall is not older than the one that it replaces (safety rule 8).
 */
export interface LeaseEpoch {
  /** `creationTimestamp` of the Lease, Unix ms; whole seconds. */
  readonly leaseCreatedMs: number;
  readonly leaseTransitions: number;
}

/** @returns negative when `a` is older, 0 when they are the same, positive when `a` is newer */
export function compareLeaseEpochs(a: LeaseEpoch, b: LeaseEpoch): number {
  return a.leaseCreatedMs - b.leaseCreatedMs || a.leaseTransitions - b.leaseTransitions;
}
