import { ruleHashesIn } from '@checkpoint-warden/api';
import type { Policy, Rule } from '@checkpoint-warden/policy';
import { makeArchive, makeRule } from '@checkpoint-warden/policy/testing';
import { describe, expect, it } from 'vitest';
import { createRuleHashes } from './rule-hashes.ts';
import { rulesOfArrivals } from './rules-of-arrivals.ts';

const GLOBAL = makeRule({
  id: 'global',
  groups: [
    { level: 'container', maxCount: 1 },
    { level: 'namespace', maxCount: 9 },
  ],
});
const POD = makeRule({
  id: 'pod',
  level: 'pod',
  namespace: 'shop',
  pod: 'web-*',
  groups: [{ level: 'pod', maxCount: 3 }],
});
const KEYS = new Set(['shop', 'shop/web-0', 'shop/web-0/app', 'shop/db-0', 'shop/db-0/pg', 'shop/gone']);
const ARCHIVES = [makeArchive('a', 0), makeArchive('b', 1), makeArchive('c', 0, { owner: 'shop/db-0/pg' })];

function namesBy(rules: readonly Rule[], archives = ARCHIVES): Record<string, string[]> {
  const policy: Policy = { rules };
  const names = new Map(Array.from(ruleHashesIn(rules, 'shop'), ([rule, hash]) => [hash, rule.id]));
  const found = rulesOfArrivals(archives, KEYS, policy, createRuleHashes());
  return Object.fromEntries(
    Array.from(found, ([group, hashes]) => [group, [...hashes].map((hash) => names.get(hash) ?? hash)]),
  );
}

describe('the rules under which something has arrived', () => {
  it('are those of the archives in the group whose limits look as far', () => {
    expect(namesBy([GLOBAL, POD])).toEqual({
      shop: ['global'],
      'shop/web-0': ['pod'],
      'shop/web-0/app': ['pod'],
      'shop/db-0': ['global'],
      'shop/db-0/pg': ['global'],
      'shop/gone': [],
    });
  });

  it('are all of them where several govern the archives of one group', () => {
    const wide = makeRule({ ...GLOBAL, id: 'wide', level: 'namespace', namespace: 'shop' });
    const other = makeRule({ ...wide, id: 'other', level: 'pod', pod: 'web-*' });
    expect(namesBy([wide, other]).shop).toEqual(['other', 'wide']);
  });

  it.each<[string, Rule]>([
    ['that holds on each node', { ...GLOBAL, scope: 'Node' }],
    ['without a limit by count or total', { ...GLOBAL, groups: [], maxArchiveBytes: 1 }],
  ])('are not one %s', (_, rule) => {
    expect(new Set(Object.values(namesBy([rule])).flat())).toEqual(new Set());
  });

  it('are not those of archives that do not count', () => {
    const pinned = ARCHIVES.map((archive) => ({ ...archive, pinned: true }));
    expect(new Set(Object.values(namesBy([GLOBAL], pinned)).flat())).toEqual(new Set());
  });
});
