import { compareText, orderTimeMs } from './archive-order.ts';
import { formatDuration } from './duration.ts';
import { compareRules, matchingRules } from './governing-rule.ts';
import { limitOf } from './limit-of.ts';
import { wantedFreeBytes } from './plan-node.ts';
import { planRetention } from './plan-retention.ts';
import { formatBytes } from './quantity.ts';
import type { Archive, GroupKey, PlanInput, Rule, Verdict } from './types.ts';

/** What one limit says of an archive. `text` is a sentence for people; the rest is for programs. */
export interface LimitFinding {
  /** The field of the custom resource that sets the limit. */
  readonly limit:
    | 'retainOrphan'
    | 'maxCheckpointAge'
    | 'maxCheckpointSize'
    | 'maxCheckpoints'
    | 'maxTotalSize'
    | 'keepLast'
    | 'nodePolicy.maxTotalSize'
    | 'nodePolicy.minFreeSpace';
  readonly group?: GroupKey;
  /** Whether the limit calls for the archive's deletion (for `keepLast`: whether it protects it). */
  readonly calls: boolean;
  readonly text: string;
}

/** Everything that decides over one archive. */
export interface Explanation {
  readonly archive: Archive;
  readonly verdict: Verdict;
  /** The time the archive counts as of, Unix ms; `undefined` when name and mtime lie in the future. */
  readonly orderTimeMs: number | undefined;
  readonly governing: Rule | undefined;
  /** Rules that match as well, and why each lost. */
  readonly lost: readonly { readonly rule: Rule; readonly why: string }[];
  readonly limits: readonly LimitFinding[];
  /** Nodes that hold archives counted in the same groups. */
  readonly otherNodes: readonly string[];
  /** What would have to change for the archive to go (when it is kept) or to stay (when it is not). */
  readonly toChange: readonly string[];
}

/**
 * Explains the verdict of one archive: which rule governs it, which others matched and lost, what each limit says and what
 * would change the verdict. Reads the same plan that a pass would carry out.
 *
 * @param name - file name of an archive of `input.archives`
 * @returns `undefined` when there is no such archive
 */
export function explain(input: PlanInput, name: string): Explanation | undefined {
  const index = input.archives.findIndex((archive) => archive.name === name);
  const archive = input.archives[index];
  if (archive === undefined) return undefined;

  const limits: LimitFinding[] = [];
  const otherNodes = new Set<string>();
  const plan = planRetention(input, (_rule, group, key, members) => {
    const position = members.findIndex((member) => member.archive === archive);
    if (position < 0) return;
    for (const member of members)
      if (member.archive.node !== archive.node) otherNodes.add(member.archive.node);
    const newer = members.slice(0, position).map((member) => member.archive);
    limits.push(...groupFindings(archive, group, key, newer));
  });
  const verdict = plan.verdicts[index];
  if (verdict === undefined) return undefined;

  const rules = archive.owner === undefined ? [] : matchingRules(input.policy.rules, archive.owner);
  const [governing, ...others] = rules;
  const own = governing === undefined ? [] : ownFindings(input, archive, governing, verdict);
  const explained = {
    archive,
    verdict,
    orderTimeMs: orderTimeMs(archive, input.nowMs),
    governing,
    lost: governing === undefined ? [] : others.map((rule) => ({ rule, why: whyLost(rule, governing) })),
    limits: [...own, ...limits, ...nodeFindings(input, verdict)],
    otherNodes: [...otherNodes].sort(),
  };
  return { ...explained, toChange: toChange(explained, input) };
}

function groupFindings(
  archive: Archive,
  limits: Rule['groups'][number],
  group: GroupKey,
  newer: readonly Archive[],
): LimitFinding[] {
  const findings: LimitFinding[] = [];
  const maxCount = limitOf(limits.maxCount);
  const maxTotalBytes = limitOf(limits.maxTotalBytes);
  const where = `${limits.level} ${group}`;
  const elsewhere = newer.filter(({ node }) => node !== archive.node);
  if (maxCount !== Infinity) {
    const are = newer.length === 1 ? '1 is newer' : `${newer.length} are newer`;
    const text = `${where} may have ${maxCount}; ${are} than this one${byNode(elsewhere, String, ONE_EACH)}`;
    findings.push({ limit: 'maxCheckpoints', group, calls: newer.length >= maxCount, text });
  }
  if (maxTotalBytes !== Infinity) {
    const total = sumOf(newer, sizeOf) + archive.sizeBytes;
    const text = `${where} may take ${formatBytes(maxTotalBytes)}; this one and the newer ones take ${formatBytes(total)}${byNode(elsewhere, formatBytes, sizeOf)}`;
    findings.push({ limit: 'maxTotalSize', group, calls: total > maxTotalBytes, text });
  }
  return findings;
}

/** Other nodes that are named one by one; a namespace may lie on hundreds. */
const MAX_NODES_NAMED = 3;

const ONE_EACH = (): number => 1;
const sizeOf = ({ sizeBytes }: Archive): number => sizeBytes;

/** How much of something lies on which other nodes, those with most of it first: ` (2 on node2, 1 on node3)`. */
function byNode(
  archives: readonly Archive[],
  format: (amount: number) => string,
  amountOf: (archive: Archive) => number,
): string {
  if (archives.length === 0) return '';
  const sums = Array.from(
    Map.groupBy(archives, ({ node }) => node),
    ([node, there]) => ({ node, amount: sumOf(there, amountOf) }),
  ).sort((a, b) => b.amount - a.amount || compareText(a.node, b.node));
  const named = sums.slice(0, MAX_NODES_NAMED).map(({ node, amount }) => `${format(amount)} on ${node}`);
  const others = sums.slice(MAX_NODES_NAMED);
  const rest = `${format(others.reduce((sum, { amount }) => sum + amount, 0))} on ${others.length} more`;
  return ` (${[...named, ...(others.length === 0 ? [] : [rest])].join(', ')})`;
}

function sumOf(archives: readonly Archive[], amountOf: (archive: Archive) => number): number {
  return archives.reduce((sum, archive) => sum + amountOf(archive), 0);
}

/** What the limits say that look at this archive alone. */
function ownFindings(input: PlanInput, archive: Archive, rule: Rule, verdict: Verdict): LimitFinding[] {
  const findings: LimitFinding[] = [];
  const timeMs = orderTimeMs(archive, input.nowMs);
  if (!rule.retainOrphan && archive.owner !== undefined) {
    const known = input.ownerState?.(archive.owner) ?? { state: 'unknown' as const };
    const gone = known.state === 'absent' ? ` for ${formatDuration(known.goneForMs)}` : '';
    const text = `orphans go after ${formatDuration(rule.orphanGraceMs)}; the owner is ${known.state}${gone}`;
    const calls = known.state === 'absent' && known.goneForMs >= rule.orphanGraceMs;
    findings.push({ limit: 'retainOrphan', calls, text });
  }
  const maxAgeMs = limitOf(rule.maxAgeMs);
  if (maxAgeMs !== Infinity && timeMs !== undefined) {
    const ageMs = input.nowMs - timeMs;
    const trust = input.clockTrusted ? '' : ' (withheld: the clock is not trusted)';
    const text = `archives may be ${formatDuration(maxAgeMs)} old; this one is ${formatDuration(wholeSeconds(ageMs))}${trust}`;
    findings.push({ limit: 'maxCheckpointAge', calls: ageMs > maxAgeMs, text });
  }
  const maxBytes = limitOf(rule.maxArchiveBytes);
  if (maxBytes !== Infinity) {
    const text = `one archive may take ${formatBytes(maxBytes)}; this one takes ${formatBytes(archive.sizeBytes)}`;
    findings.push({ limit: 'maxCheckpointSize', calls: archive.sizeBytes > maxBytes, text });
  }
  if (rule.keepLast > 0) {
    const protects = verdict.held?.by === 'keep-last';
    const what = protects ? 'this is one of them' : 'it decides only where a limit calls';
    findings.push({
      limit: 'keepLast',
      calls: protects,
      text: `the newest ${rule.keepLast} of each container stay; ${what}`,
    });
  }
  return findings;
}

/** What the node's own limits say of the node as it is, before anything is deleted. */
function nodeFindings({ archives, policy, disk }: PlanInput, { reason }: Verdict): LimitFinding[] {
  const findings: LimitFinding[] = [];
  const { node } = policy;
  if (node === undefined || disk === undefined) return findings;
  const maxTotalBytes = limitOf(node.maxTotalBytes);
  if (maxTotalBytes !== Infinity) {
    const total = archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const text = `the node's archives may take ${formatBytes(maxTotalBytes)}; they take ${formatBytes(total)}`;
    findings.push({ limit: 'nodePolicy.maxTotalSize', calls: reason === 'over-node-size', text });
  }
  const wantedBytes = wantedFreeBytes(node, disk.sizeBytes);
  if (wantedBytes > 0) {
    const text = `${formatBytes(wantedBytes)} are to be free on the filesystem; ${formatBytes(disk.availBytes)} are`;
    findings.push({ limit: 'nodePolicy.minFreeSpace', calls: reason === 'low-free-space', text });
  }
  return findings;
}

function whyLost(rule: Rule, governing: Rule): string {
  if (rule.level !== governing.level) return `a ${governing.level} rule comes before a ${rule.level} rule`;
  return compareRules(governing, rule) > 0
    ? 'its names are less specific'
    : 'it is as specific but comes later';
}

function toChange(explained: Omit<Explanation, 'toChange'>, input: PlanInput): string[] {
  const { archive, verdict, governing, limits } = explained;
  const timeMs = explained.orderTimeMs;
  if (verdict.action === 'delete') return toStay(explained);
  switch (verdict.reason) {
    case 'pinned':
      return [`remove ${archive.name}.keep; the limits then decide`];
    case 'writing':
      return ['it has to become complete, or stop changing without becoming complete'];
    case 'incomplete':
      return leftoverGoes(archive, input);
    case 'unattributed':
      return [
        'nothing deletes it; check it with `checkpoint-warden inspect` and remove it by hand if it is not needed',
      ];
    default:
  }
  const ways: string[] = [];
  if (verdict.held !== undefined) ways.push(heldUntil(verdict.held.by));
  if (governing === undefined) return ['a rule would have to match it; none does'];
  const maxAgeMs = limitOf(governing.maxAgeMs);
  if (timeMs !== undefined && input.nowMs - timeMs <= maxAgeMs) {
    const expires = dateOf(timeMs + maxAgeMs);
    if (expires !== undefined) ways.push(`it expires at ${expires}`);
  }
  for (const { limit, group, calls, text } of limits) {
    if (!calls && group !== undefined) ways.push(`newer archives fill ${limit} of ${group}: ${text}`);
  }
  if (!governing.retainOrphan) {
    ways.push(`its pod or container is confirmed gone for ${formatDuration(governing.orphanGraceMs)}`);
  }
  return ways.length > 0 ? ways : [`${governing.id} sets no limit that could take it`];
}

function toStay({ archive, verdict, governing }: Omit<Explanation, 'toChange'>): string[] {
  const pin = `pin it: checkpoint-warden pin ${archive.name}`;
  if (verdict.mode === 'Audit') return [`nothing: ${verdict.rule?.id} is in Audit mode and deletes nothing`];
  const rule = verdict.rule?.id ?? governing?.id;
  switch (verdict.reason) {
    case 'orphaned':
      return [pin, `set retainOrphan: true in ${rule}`, 'its pod comes back before the deletion'];
    case 'expired':
      return [pin, `raise or drop the age limit in ${rule}`];
    case 'oversize':
      return [pin, `raise maxCheckpointSize in ${rule} to at least ${formatBytes(archive.sizeBytes)}`];
    case 'over-count':
      return [pin, `raise the count limit of ${verdict.group} in ${rule}`];
    case 'over-total-size':
      return [pin, `raise the total size of ${verdict.group} in ${rule}`];
    default:
      return [pin, `raise the limit in ${rule}, or make room on the node by other means`];
  }
}

function leftoverGoes(archive: Archive, input: PlanInput): string[] {
  const maxAgeMs = limitOf(input.policy.node?.maxIncompleteAgeMs);
  if (maxAgeMs === Infinity)
    return ['no limit on incomplete leftovers is in force; nothing deletes it by age'];
  const goes = dateOf(archive.mtimeMs + maxAgeMs);
  if (goes === undefined) return ['its age reaches the limit on incomplete leftovers at no date'];
  return [`it goes as abandoned after ${goes}, unless it changes`];
}

/** The last moment that has a date, Unix ms. */
const LAST_DATE_MS = 8.64e15;

/** `undefined`: a limit can be as long as one likes, and its end later than there are dates. */
function dateOf(ms: number): string | undefined {
  return Math.abs(ms) <= LAST_DATE_MS ? new Date(ms).toISOString() : undefined;
}

function heldUntil(by: NonNullable<Verdict['held']>['by']): string {
  switch (by) {
    case 'keep-last':
      return 'newer archives of its container arrive, so that keepLast no longer protects it';
    case 'no-arrival':
      return 'an archive arrives in its group, or applyPoliciesImmediately is set';
    case 'clock':
      return 'the clock is trusted again';
  }
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000) * 1000);
}
