import { ruleHashesIn } from '@checkpoint-warden/api';
import type { Policy, Rule } from '@checkpoint-warden/policy';

/** Tells the hash of a rule of a policy, as it stands in a namespace. */
export type RuleHashes = (policy: Policy, rule: Rule, namespace: string) => string;

/**
 * Makes a {@link RuleHashes} that works them out once for each namespace, however many groups it has. Policies are values: they
 * never change.
 */
export function createRuleHashes(): RuleHashes {
  const known = new WeakMap<Policy, Map<string, ReadonlyMap<Rule, string>>>();
  return (policy, rule, namespace) => {
    const ofPolicy = known.get(policy) ?? new Map<string, ReadonlyMap<Rule, string>>();
    known.set(policy, ofPolicy);
    const here = ofPolicy.get(namespace) ?? ruleHashesIn(policy.rules, namespace);
    ofPolicy.set(namespace, here);
    return here.get(rule) ?? '';
  };
}
