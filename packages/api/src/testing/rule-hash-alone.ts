import type { Rule } from '@checkpoint-warden/policy';
import { ruleHashesIn } from '../rule-hash.ts';

/** The hash of a rule in a namespace that no other rule is for. */
export function ruleHashAlone(rule: Rule, namespace = rule.namespace ?? 'shop'): string {
  const hash = ruleHashesIn([rule], namespace).get(rule);
  if (hash === undefined) throw new Error(`${rule.id} is not for ${namespace}`);
  return hash;
}
