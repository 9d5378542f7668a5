import {
  type GroupKey,
  type GroupLevel,
  governingRule,
  groupKey,
  type Owner,
  type Policy,
  type Rule,
} from '@checkpoint-warden/policy';
import type { RuleHashes } from './rule-hashes.ts';

/**
 * The groups whose limits look at archives of these owners, and the hashes of the rules that set those limits. An owner that no rule
 * governs is in none.
 */
export function limitedGroups(
  owners: Iterable<Owner>,
  policy: Policy,
  hashOf: RuleHashes,
): Map<GroupKey, Set<string>> {
  const groups = new Map<GroupKey, Set<string>>();
  const looked = new Set<GroupKey>();
  for (const owner of owners) {
    const container = groupKey('container', owner);
    if (looked.has(container)) continue;
    looked.add(container);
    const rule = governingRule(policy.rules, owner);
    if (rule === undefined) continue;
    const hash = hashOf(policy, rule, owner.namespace);
    for (const level of levelsOf(rule)) {
      const key = groupKey(level, owner);
      groups.set(key, (groups.get(key) ?? new Set()).add(hash));
    }
  }
  return groups;
}

/** Of its groups, and where the limit of one archive's size is due. */
function levelsOf({ level, groups }: Rule): ReadonlySet<GroupLevel> {
  return new Set([level === 'global' ? 'container' : level, ...groups.map((group) => group.level)]);
}
