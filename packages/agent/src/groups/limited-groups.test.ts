import { ruleHashesIn } from '@checkpoint-warden/api';
import type { Rule } from '@checkpoint-warden/policy';
import { makeRule } from '@checkpoint-warden/policy/testing';
import { describe, expect, it } from 'vitest';
import { limitedGroups } from './limited-groups.ts';
import { createRuleHashes } from './rule-hashes.ts';

const GLOBAL = makeRule({ id: 'global', groups: [{ level: 'namespace', maxCount: 9 }] });
const POD = makeRule({ id: 'pod', level: 'pod', namespace: 'shop', pod: 'web-*', scope: 'Node' });

function namesBy(rules: readonly Rule[]): Record<string, string[]> {
  const names = new Map(Array.from(ruleHashesIn(rules, 'shop'), ([rule, hash]) => [hash, rule.id]));
  const owners = ['web-0', 'web-0', 'db-0'].map((pod) => ({ namespace: 'shop', pod, container: 'app' }));
  const groups = limitedGroups(owners, { rules }, createRuleHashes());
  return Object.fromEntries(
    Array.from(groups, ([group, hashes]) => [group, [...hashes].map((hash) => names.get(hash) ?? hash)]),
  );
}

describe('the groups whose limits look at archives of owners', () => {
  it('are those that their rule limits, and where it limits the size of one archive', () => {
    expect(namesBy([GLOBAL, POD])).toEqual({
      shop: ['global'],
      'shop/web-0': ['pod'],
      'shop/db-0/app': ['global'],
    });
  });

  it('are none where no rule governs them', () => {
    expect(namesBy([POD])).toEqual({ 'shop/web-0': ['pod'] });
  });
});
