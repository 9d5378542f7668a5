import { ruleHashesIn } from '@checkpoint-warden/api';
import type { Policy, Rule } from '@checkpoint-warden/policy';
import { describe, expect, it } from 'vitest';
import { orphanPolicy } from '../testing/orphan-policy.ts';
import { MAX_NAMESPACES, sharedRules } from './rules-by-hash.ts';

/** A policy like all others, and how often somebody has gone through its rules. */
function countingPolicy(reads: { count: number }): Policy {
  const policy: Policy = orphanPolicy(0);
  return {
    ...policy,
    get rules() {
      reads.count += 1;
      return policy.rules;
    },
  };
}

function someRule(): { rule: Rule; hash: string } {
  const [found] = ruleHashesIn(orphanPolicy(0).rules, 'shop');
  if (found === undefined) throw new Error('the policy has a rule');
  return { rule: found[0], hash: found[1] };
}

describe('the shared rules of some policies', () => {
  it('are gone through once for a namespace, however many policies say the same', () => {
    const reads = { count: 0 };
    const shared = sharedRules(new Set(Array.from({ length: 100 }, () => countingPolicy(reads))));
    const { rule, hash } = someRule();
    reads.count = 0;
    expect(shared.find('shop', hash)).toEqual(rule);
    expect(shared.find('shop', hash)).toEqual(rule);
    expect(reads.count).toBe(1);
    expect(shared.id).toBe(sharedRules(new Set([orphanPolicy(0)])).id);
  });

  it('are not kept for every namespace that there ever was', () => {
    const reads = { count: 0 };
    const shared = sharedRules(new Set([countingPolicy(reads)]));
    const { rule, hash } = someRule();
    shared.find('shop', hash);
    for (let index = 1; index < MAX_NAMESPACES; index += 1) shared.find(`ci-${index}`, 'none');
    reads.count = 0;
    expect(shared.find('shop', hash)).toEqual(rule);
    expect(reads.count).toBe(0);
    shared.find('one-more', hash);
    expect(shared.find('shop', hash)).toEqual(rule);
    expect(reads.count).toBe(2);
  });
});
