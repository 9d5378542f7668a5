import { type GroupKey, groupKey, groupKeysOf, type Plan } from '@checkpoint-warden/policy';

/**
 * The archives that a plan's deletions rely on: those of the groups that are over a limit, and of the containers whose
 * `keepLast` decides which copies are the last. If one of them were gone or pinned by now, an older one would have to stay.
 *
 * Those to be deleted are among them: a newer one that is gone already makes room for an older one.
 *
 * @returns file names; empty when nothing is to be deleted
 */
export function archivesBehind(plan: Plan): ReadonlySet<string> {
  const groups = new Set<GroupKey>();
  const pods = new Set<string>();
  for (const { action, group, rule, archive } of plan.verdicts) {
    if (action !== 'delete') continue;
    if (archive.owner !== undefined) pods.add(archive.owner.pod);
    if (group !== undefined) groups.add(group);
    const hasFloor = rule !== undefined && 'keepLast' in rule && rule.keepLast > 0;
    if (hasFloor && archive.owner !== undefined) groups.add(groupKey('container', archive.owner));
  }
  const names = new Set<string>();
  if (groups.size === 0) return names;
  for (const { archive } of plan.verdicts) {
    const { owner, name } = archive;
    if (owner === undefined) continue;
    // Most archives are of other pods, and a look at the pod spares them the making of their keys.
    const isBehind =
      groups.has(owner.namespace) ||
      (pods.has(owner.pod) && groupKeysOf(owner).some((key) => groups.has(key)));
    if (isBehind) names.add(name);
  }
  return names;
}
