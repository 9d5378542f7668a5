import { createHash } from 'node:crypto';
import type { Policy } from '@checkpoint-warden/policy';

/**
 * What tells one compiled policy from another: SHA-256 of its JSON text. A policy that has gone over the wire has the same
 * hash on both sides, as JSON keeps the order of fields.
 *
 * @returns hex, 64 characters
 */
export function policyHash(policy: Policy): string {
  return createHash('sha256').update(JSON.stringify(policy)).digest('hex');
}
