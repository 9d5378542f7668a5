import { type GroupKey, namespaceOf, type Policy } from '@checkpoint-warden/policy';
import type { RuleHashes } from './rule-hashes.ts';

/**
 * Tells whether a hash is that of a rule of a policy, as it stands in the namespace of a group. As the hash is of all entries for the
 * namespace too, a rule that governed archives of the group under it does so again.
 */
export function rulesInForce(policy: Policy, hashOf: RuleHashes): (group: GroupKey, hash: string) => boolean {
  const known = new Map<string, ReadonlySet<string>>();
  return (group, hash) => {
    const namespace = namespaceOf(group);
    const here = known.get(namespace) ?? new Set(policy.rules.map((rule) => hashOf(policy, rule, namespace)));
    known.set(namespace, here);
    return here.has(hash);
  };
}
