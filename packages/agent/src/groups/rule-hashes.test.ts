import { ruleHashesIn } from '@checkpoint-warden/api';
import type { Policy } from '@checkpoint-warden/policy';
import { makeRule } from '@checkpoint-warden/policy/testing';
import { expect, it } from 'vitest';
import { createRuleHashes } from './rule-hashes.ts';

const RULE = makeRule({ level: 'global' });

/** A policy that counts how often its rules are asked for: once for each time that hashes are worked out. */
function countingPolicy() {
  const counted = {
    looks: 0,
    get rules(): Policy['rules'] {
      counted.looks++;
      return [RULE];
    },
  };
  return counted;
}

it('hashes of rules are worked out once for each namespace', () => {
  const hashOf = createRuleHashes();
  const policy = countingPolicy();
  for (const namespace of ['a', 'b', 'a', 'b'])
    expect(hashOf(policy, RULE, namespace)).toBe(ruleHashesIn([RULE], namespace).get(RULE));
  expect(policy.looks).toBe(2);
});

it('hashes of rules are not kept for ever more namespaces', () => {
  const hashOf = createRuleHashes();
  const policy = countingPolicy();
  for (let number = 0; number <= 1_000; number++) hashOf(policy, RULE, `namespace-${number}`);
  const { looks } = policy;
  hashOf(policy, RULE, 'namespace-1000');
  expect(policy.looks).toBe(looks);
  hashOf(policy, RULE, 'namespace-0');
  expect(policy.looks).toBe(looks + 1);
});
