import { compareNewestFirst, type Dated, orderTimeMs } from './archive-order.ts';
import { governingRule } from './governing-rule.ts';
import { groupKey } from './group-key.ts';
import { limitOf } from './limit-of.ts';
import type { Archive, GroupKey, GroupLevel, Owner, Policy, Rule } from './types.ts';

/** The archives of one node that are of one group, under a rule whose limits hold over all nodes together. */
export interface SharedGroup {
  readonly rule: Rule;
  readonly level: GroupLevel;
  readonly key: GroupKey;
  /** Newest first; only what counts against a limit. */
  readonly archives: readonly Dated[];
}

/** How much of a group its limits look at. Infinity: there is no such limit. */
export interface GroupReach {
  readonly maxCount: number;
  readonly maxTotalBytes: number;
  readonly keepLast: number;
}

/**
 * The groups in which archives of other nodes could matter: those of rules with the scope `Cluster` that limit them by
 * count or total size, and the containers under a `keepLast`. Pure.
 *
 * @param archives - of one node
 * @param nowMs - Unix ms; see {@link orderTimeMs}
 * @see docs/adr/0016-limits-across-nodes.md
 */
export function sharedGroups(archives: readonly Archive[], policy: Policy, nowMs: number): SharedGroup[] {
  const containers = new Map<GroupKey, { rule: Rule | undefined; owner: Owner; archives: Dated[] }>();
  for (const archive of archives) {
    const { owner } = archive;
    const timeMs = orderTimeMs(archive, nowMs);
    if (owner === undefined || timeMs === undefined || archive.pinned || archive.state !== 'complete')
      continue;
    const key = groupKey('container', owner);
    const known = containers.get(key);
    if (known !== undefined) known.archives.push({ archive, timeMs });
    else {
      const rule = governingRule(policy.rules, owner);
      containers.set(key, { rule, owner, archives: [{ archive, timeMs }] });
    }
  }
  const groups = new Map<string, SharedGroup & { readonly archives: Dated[] }>();
  for (const { rule, owner, archives: own } of containers.values()) {
    if (rule === undefined || rule.scope !== 'Cluster') continue;
    for (const level of sharedLevels(rule)) {
      const key = groupKey(level, owner);
      const id = `${rule.id} ${key}`;
      const group = groups.get(id);
      if (group === undefined) groups.set(id, { rule, level, key, archives: [...own] });
      else for (const archive of own) group.archives.push(archive); // too many for arguments of one call, perhaps
    }
  }
  for (const { archives: members } of groups.values()) members.sort(compareNewestFirst);
  return [...groups.values()];
}

/** How far the limits of a rule look into a group of a level; `undefined`: not at all. */
export function reachOf(rule: Rule, level: GroupLevel): GroupReach | undefined {
  const limits = rule.groups.find((each) => each.level === level);
  const keepLast = level === 'container' ? rule.keepLast : 0;
  const reach = {
    maxCount: limitOf(limits?.maxCount),
    maxTotalBytes: limitOf(limits?.maxTotalBytes),
    keepLast,
  };
  const isLimited = reach.maxCount !== Infinity || reach.maxTotalBytes !== Infinity;
  return isLimited || keepLast > 0 ? reach : undefined;
}

/**
 * How many of a group's newest archives can matter to any other one: whatever is older is over a limit by them alone. With a
 * total that includes the first one that does not fit, as nothing older goes in its place.
 *
 * @param sizes - bytes, newest first
 */
export function countThatMatter(
  sizes: Iterable<number>,
  { maxCount, maxTotalBytes, keepLast }: GroupReach,
): number {
  const isLimited = maxCount !== Infinity || maxTotalBytes !== Infinity;
  let count = 0;
  let newerBytes = 0;
  for (const bytes of sizes) {
    const isWithin = isLimited && count < maxCount && newerBytes <= maxTotalBytes;
    if (!isWithin && count >= keepLast) break;
    count++;
    newerBytes += bytes;
  }
  return count;
}

/** Whether archives on several nodes, that many together, can be over a limit or more than are the last to be kept. */
export function mayExceed(
  count: number,
  bytes: number,
  { maxCount, maxTotalBytes, keepLast }: GroupReach,
): boolean {
  return count > maxCount || bytes > maxTotalBytes || (keepLast > 0 && count > keepLast);
}

/** Part of a limit from which on a group that was over it is not taken out of sight: most groups are full, and stay so. */
const NEAR = 0.75;

/** Whether archives that {@link mayExceed} before are soon likely to again: a full group that something has just left. */
export function isNearLimit(count: number, bytes: number, reach: GroupReach): boolean {
  const { maxCount, maxTotalBytes } = reach;
  return mayExceed(count, bytes, reach) || count > NEAR * maxCount || bytes > NEAR * maxTotalBytes;
}

function sharedLevels(rule: Rule): GroupLevel[] {
  return (['container', 'pod', 'namespace'] as const).filter((level) => reachOf(rule, level) !== undefined);
}
