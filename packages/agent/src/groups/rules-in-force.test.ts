import type { Policy, Rule } from '@checkpoint-warden/policy';
import { makeRule } from '@checkpoint-warden/policy/testing';
import { expect, it } from 'vitest';
import { createRuleHashes } from './rule-hashes.ts';
import { rulesInForce } from './rules-in-force.ts';

const SHOP = makeRule({ level: 'namespace', namespace: 'shop' });
const GLOBAL = makeRule({ level: 'global' });
const hashOf = createRuleHashes();

it.each<[string, readonly Rule[], boolean]>([
  ['the very same rules', [SHOP, GLOBAL], true],
  ['another entry for another namespace', [SHOP, GLOBAL, { ...SHOP, namespace: 'bank' }], true],
  ['another limit', [{ ...SHOP, keepLast: 7 }, GLOBAL], false],
  ['another entry for the namespace', [SHOP, GLOBAL, { ...SHOP, pod: 'web-0' }], false],
  ['no rule', [], false],
])('a rule that something has arrived under is in force under %s: %s', (_, rules, expected) => {
  const before: Policy = { rules: [SHOP, GLOBAL] };
  const isInForce = rulesInForce({ rules }, hashOf);
  for (const group of ['shop', 'shop/web-0'])
    expect(isInForce(group, hashOf(before, SHOP, 'shop'))).toBe(expected);
  expect(isInForce('bank', hashOf(before, SHOP, 'shop'))).toBe(false);
});
