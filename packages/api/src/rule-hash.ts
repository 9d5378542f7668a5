import { createHash } from 'node:crypto';
import type { Rule } from '@checkpoint-warden/policy';

/**
 * What tells one compiled rule from another, its id and its limits: the same on every node where that very rule is in force.
 *
 * @returns 16 hex digits of SHA-256
 */
export function ruleHash(rule: Rule): string {
  return createHash('sha256').update(JSON.stringify(rule)).digest('hex').slice(0, 16);
}
