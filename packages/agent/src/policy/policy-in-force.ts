import { policyHash } from '@checkpoint-warden/api';
import { EMPTY_POLICY, type Policy } from '@checkpoint-warden/policy';

/**
 * Which leader sent a message: creation time of its Lease and how often that has changed hands. A Lease made anew by a
 * reinstall is not older than the one it replaces (safety rule 8).
 */
export interface Epoch {
  /** Unix ms. */
  readonly leaseCreatedMs: number;
  readonly leaseTransitions: number;
}

/** Positive when `a` is the later one. */
export function compareEpochs(a: Epoch, b: Epoch): number {
  return a.leaseCreatedMs - b.leaseCreatedMs || a.leaseTransitions - b.leaseTransitions;
}

/** The policy an agent enforces, and where it came from. */
export interface PolicyInForce {
  readonly policy: Policy;
  readonly source: 'none' | 'file' | 'controller';
  /** Of the controller that pushed it. */
  readonly epoch?: Epoch;
  /** Grows with every change from the same source. */
  readonly revision: number;
  /** SHA-256 of the compiled policy: the same on every node that enforces the same. */
  readonly hash: string;
}

/** Nothing has been given yet: nothing is ever deleted. */
export const NO_POLICY: PolicyInForce = {
  policy: EMPTY_POLICY,
  source: 'none',
  revision: 0,
  hash: policyHash(EMPTY_POLICY),
};
