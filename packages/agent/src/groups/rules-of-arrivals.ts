import {
  type Archive,
  type GroupKey,
  type GroupLevel,
  governingRule,
  groupKey,
  type Policy,
  type Rule,
  reachOf,
} from '@checkpoint-warden/policy';
import type { RuleHashes } from './rule-hashes.ts';

/** From the narrowest to the broadest. */
const LEVELS: readonly GroupLevel[] = ['container', 'pod', 'namespace'];

/**
 * The rules under which something has arrived in groups: those whose limits act in them now, and which other nodes may have to
 * hold as well. An arrival anywhere in a group makes all limits of the group act, so those of every rule in it count.
 *
 * @param archives - all archives of the namespaces that the groups lie in
 * @param arrived - groups in which something has arrived
 * @returns for each of `arrived` the hashes of its rules; none where it has none
 */
export function rulesOfArrivals(
  archives: readonly Archive[],
  arrived: ReadonlySet<GroupKey>,
  policy: Policy,
  hashOf: RuleHashes,
): Map<GroupKey, Set<string>> {
  const found = new Map(Array.from(arrived, (group) => [group, new Set<string>()]));
  if (found.size === 0) return found;
  const looked = new Set<GroupKey>();
  for (const { owner, state, pinned } of archives) {
    if (owner === undefined || state !== 'complete' || pinned) continue;
    const container = groupKey('container', owner);
    if (looked.has(container)) continue;
    looked.add(container);
    const groups = LEVELS.map((level) => found.get(groupKey(level, owner)));
    if (groups.every((group) => group === undefined)) continue;
    const rule = governingRule(policy.rules, owner);
    if (rule === undefined) continue;
    const broadest = broadestShared(rule);
    groups.forEach((group, level) => {
      if (level <= broadest) group?.add(hashOf(policy, rule, owner.namespace));
    });
  }
  return found;
}

/** The place in {@link LEVELS} of the broadest groups of a rule in which archives of other nodes could matter; -1: none. */
function broadestShared(rule: Rule): number {
  if (rule.scope !== 'Cluster') return -1;
  return LEVELS.findLastIndex((level) => reachOf(rule, level) !== undefined);
}
