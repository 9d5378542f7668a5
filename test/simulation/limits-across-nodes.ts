import { ruleHashesIn } from '@checkpoint-warden/api';
import {
  type Archive,
  compareNewestFirst,
  type Dated,
  type GroupKey,
  governingRule,
  groupKey,
  type Policy,
  type Rule,
} from '@checkpoint-warden/policy';
import { referencePlan } from '@checkpoint-warden/policy/testing';
import type { AgentNode } from './agent-node.ts';
import type { World } from './world.ts';

/** What a deletion is judged by. */
export interface JudgedDeletion {
  readonly archive: Archive;
  readonly reason: string;
  readonly policy: Policy;
  readonly nowMs: number;
  /** Of the node itself, and those of other nodes that it could know. */
  readonly local: readonly Archive[];
  readonly elsewhere: readonly Archive[];
}

/** What `keepLast` does not keep from. */
const BEATS_KEEP_LAST = ['orphaned', 'abandoned'];

/**
 * Whether newer archives of the whole group fill a limit that the archive's rule sets, and those of its container its keepLast
 * (design, 4.6): asked of everything that could be known, whether or not an earlier limit takes some of it.
 *
 * @returns why the archive should have stayed
 */
export function whyWithinLimits({
  archive,
  reason,
  policy,
  nowMs,
  local,
  elsewhere,
}: JudgedDeletion): string | undefined {
  const { owner } = archive;
  const rule = owner && governingRule(policy.rules, owner);
  if (owner === undefined || rule === undefined) return undefined; // of the node alone
  const known = [...local, ...(rule.scope === 'Cluster' ? elsewhere : [])];
  const newer = newerThan(
    archive,
    known.filter((other) => isGovernedBy(rule, other, policy)),
    nowMs,
  );
  const inGroup = (level: Rule['groups'][number]['level']) =>
    newer.filter(
      (other) => other.archive.owner && groupKey(level, other.archive.owner) === groupKey(level, owner),
    );
  if (!BEATS_KEEP_LAST.includes(reason) && inGroup('container').length < rule.keepLast)
    return `it is one of the last ${rule.keepLast} of its container`;
  if (reason !== 'over-count' && reason !== 'over-total-size') return undefined;
  const fills = rule.groups.some(({ level, maxCount = 0, maxTotalBytes = 0 }) => {
    const group = inGroup(level);
    if (reason === 'over-count') return maxCount > 0 && group.length >= maxCount;
    const bytes = group.reduce((sum, other) => sum + other.archive.sizeBytes, archive.sizeBytes);
    return maxTotalBytes > 0 && bytes > maxTotalBytes;
  });
  return fills ? undefined : `${newer.length} newer archives of its rule, here and elsewhere, fill no limit`;
}

/** Each once: what has one name is the same archive, copied. */
function newerThan(archive: Archive, others: readonly Archive[], nowMs: number): readonly Dated[] {
  const dated = (each: Archive): Dated => ({
    archive: each,
    timeMs: each.createdAtMs <= nowMs ? each.createdAtMs : each.mtimeMs,
  });
  const own = dated(archive);
  const newer = others
    .filter(({ name }) => name !== archive.name)
    .map(dated)
    .filter((other) => compareNewestFirst(other, own) < 0);
  return [...new Map(newer.map((other) => [other.archive.name, other])).values()];
}

function isGovernedBy(rule: Rule, { owner }: Archive, policy: Policy): boolean {
  return owner !== undefined && governingRule(policy.rules, owner) === rule;
}

/**
 * Archives that planners who know of all nodes would delete for a count or size limit that acts: at once, or as something has arrived
 * in the group under its rule. Asked only of nodes that have one policy and one time: others do not decide alike.
 */
export function overLimits({ nodes, truth }: World): string[] {
  const found: string[] = [];
  for (const same of Map.groupBy(nodes, ({ name }) => truth.now(name).hash).values()) {
    const [first] = same;
    if (first === undefined || !areInTime(same)) continue;
    const { policy } = truth.now(first.name);
    const due = new Set(same.flatMap((node) => arrivedAt(node, policy)));
    const archivesOf = ({ agent }: AgentNode) => agent?.inventory.archives() ?? [];
    const verdicts = same.flatMap(
      (node) =>
        referencePlan({
          archives: archivesOf(node),
          remote: same.filter((other) => other !== node).flatMap(archivesOf),
          policy: { rules: policy.rules.filter(({ scope }) => scope === 'Cluster') },
          nowMs: first.clock.nowMs(),
          due: new Set([...due, ...(node.agent?.inventory.due ?? [])]),
          clockTrusted: true,
        }).verdicts,
    );
    for (const { archive, reason, mode, rule } of verdicts) {
      if (mode === 'Enforce' && (reason === 'over-count' || reason === 'over-total-size'))
        found.push(
          `${archive.name} on ${archive.node} should have gone: ${reason} by ${rule?.id} on all nodes`,
        );
    }
  }
  return found;
}

/**
 * Groups in which something has arrived on a node under the rule that limits them. A node that has nothing left in a group that
 * counts does not say so any more: then the next arrival makes it due again.
 */
function arrivedAt({ agent, clock }: AgentNode, { rules }: Policy): GroupKey[] {
  return (agent?.inventory.archives() ?? []).flatMap(({ owner, state, pinned, createdAtMs, mtimeMs }) => {
    const isFuture = Math.min(createdAtMs, mtimeMs) > clock.nowMs();
    if (state !== 'complete' || pinned || isFuture) return [];
    const rule = owner && governingRule(rules, owner);
    if (agent === undefined || owner === undefined || rule === undefined) return [];
    const { arrived, arrivedUnder } = agent.inventory;
    const hash = ruleHashesIn(rules, owner.namespace).get(rule) ?? '';
    return rule.groups
      .map(({ level }) => groupKey(level, owner))
      .filter((key) => arrived.has(key) || arrivedUnder(key).has(hash));
  });
}

function areInTime(nodes: readonly AgentNode[]): boolean {
  const times = nodes.map(({ clock }) => clock.nowMs());
  return (
    Math.max(...times) - Math.min(...times) < 1_000 &&
    nodes.every(({ agent }) => agent?.agent.status().clock.trusted)
  );
}
