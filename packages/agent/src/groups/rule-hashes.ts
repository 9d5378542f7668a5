import { ruleHashesIn } from '@checkpoint-warden/api';
import type { Policy, Rule } from '@checkpoint-warden/policy';

/** Tells the hash of a rule of a policy, as it stands in a namespace. */
export type RuleHashes = (policy: Policy, rule: Rule, namespace: string) => string;

/** Namespaces come and go while a policy stays: beyond that many, it begins anew. */
const MAX_NAMESPACES = 1_000;

/**
 * Makes a {@link RuleHashes} that works them out once for each namespace, however many groups it has. Policies are values: they
 * never change.
 */
export function createRuleHashes(): RuleHashes {
  const known = new WeakMap<Policy, Map<string, ReadonlyMap<Rule, string>>>();
  return (policy, rule, namespace) => {
    const ofPolicy = known.get(policy) ?? new Map<string, ReadonlyMap<Rule, string>>();
    known.set(policy, ofPolicy);
    let here = ofPolicy.get(namespace);
    if (here === undefined) {
      here = ruleHashesIn(policy.rules, namespace);
      if (ofPolicy.size >= MAX_NAMESPACES) ofPolicy.clear();
      ofPolicy.set(namespace, here);
    }
    return here.get(rule) ?? '';
  };
}
