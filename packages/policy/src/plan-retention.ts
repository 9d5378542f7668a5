import { compareNewestFirst, type Dated, orderTimeMs } from './archive-order.ts';
import { governingRule } from './governing-rule.ts';
import { groupKey } from './group-key.ts';
import { limitOf } from './limit-of.ts';
import { planNode } from './plan-node.ts';
import type {
  Archive,
  DeleteReason,
  GroupKey,
  GroupLevel,
  GroupLimits,
  HeldBy,
  KeepReason,
  Owner,
  Plan,
  PlanInput,
  Rule,
  UnreachableLimit,
  Verdict,
} from './types.ts';

/** Where a remote archive stands in the verdicts: nowhere, it is counted and never judged. */
const REMOTE = -1;

/** An archive that limits can apply to: complete, attributed, not pinned, not from the future. */
export interface Candidate extends Dated {
  /** Index in `PlanInput.archives`, or {@link REMOTE}. */
  readonly index: number;
  readonly owner: Owner;
  /** Whether it is among the newest `keepLast` of its container. */
  floor: boolean;
  /** Whether an earlier step has taken it. */
  gone: boolean;
  /** Whether a limit called for it that only waits for an arrival. */
  waits: boolean;
}

/** The candidates of one container and the rule that governs them all. */
interface Container {
  readonly owner: Owner;
  readonly rule: Rule;
  /** Of the node's own complete archives of it, the pinned ones too. */
  readonly ownNames: Set<string>;
  candidates: Candidate[];
}

/** Shows one group to `explain` just before its limits are applied: newest first, remote archives included. */
export type GroupObserver = (
  rule: Rule,
  limits: GroupLimits,
  key: GroupKey,
  group: readonly Candidate[],
) => void;

/**
 * Decides for every archive of one node whether it is kept or deleted, and why. Pure: no I/O, no clock; the input is not
 * changed, its order is irrelevant, and each archive gets exactly one verdict.
 *
 * The order of reasons is that of docs/explanation/retention.md, 3: pinned, incomplete or writing, unattributed, orphaned, expired, oversize,
 * then count and total of each group level, then the node's own limits over all that is left.
 *
 * Not knowing never is a reason: an unknown owner is no orphan, a clock that is not trusted withholds what depends on it,
 * and no archive goes for count or size unless the newer ones of its group fill the limit. What a missing fact keeps does
 * count in its group, though: see docs/adr/0008-what-is-kept-counts.md.
 *
 * @param input - archives in bytes and Unix ms; see {@link PlanInput}
 * @param observe - told of each group, for `explain`
 * @returns one verdict per archive in the input's order, and the limits that cannot be reached
 * @see restic `internal/data/snapshot_policy.go` (a reason for each), kubelet `image_gc_manager.go` (pins leave before ranking)
 */
export function planRetention(input: PlanInput, observe?: GroupObserver): Plan {
  const verdicts: Verdict[] = new Array(input.archives.length);
  const unreachable: UnreachableLimit[] = [];
  const containers = gatherContainers(input, verdicts);
  for (const container of containers) {
    container.candidates.sort(compareNewestFirst);
    if (hasRemote(input)) leaveOutCopies(container);
    markFloor(container);
    applyOwnLimits(container, input, verdicts);
  }
  for (const [rule, ruled] of groupBy(containers, (container) => container.rule)) {
    for (const limits of rule.groups) {
      for (const [key, group] of groupBy(ruled, (container) => groupKey(limits.level, container.owner))) {
        if (observe === undefined && holdsFor(limits, group)) continue; // no need to put it in order
        const members = mergeLeft(group);
        if (members.length === 0) continue;
        observe?.(rule, limits, key, members);
        applyGroupLimits({ limits, key, members, due: isDue(input, rule, key) }, verdicts);
      }
    }
    if (rule.keepLast > 0) for (const limit of findUnreachable(rule, ruled)) unreachable.push(limit);
  }
  if (input.policy.node !== undefined) {
    const floors = new Set<number>();
    for (const container of containers) {
      for (const candidate of container.candidates) if (candidate.floor) floors.add(candidate.index);
    }
    unreachable.push(...planNode(input.policy.node, input, floors, verdicts));
  }
  return { verdicts, unreachable };
}

/** Gives every archive that no limit can apply to its verdict, and sorts the others into their containers. */
function gatherContainers(input: PlanInput, verdicts: Verdict[]): Container[] {
  const containers = new Map<GroupKey, Container | Ungoverned>();
  const mayHaveCopies = hasRemote(input);

  const containerOf = (owner: Owner): Container | Ungoverned => {
    const key = groupKey('container', owner);
    const known = containers.get(key);
    if (known !== undefined) return known;
    const container = {
      owner,
      rule: governingRule(input.policy.rules, owner),
      ownNames: new Set<string>(),
      candidates: [],
    };
    containers.set(key, container);
    return container;
  };
  const consider = (archive: Archive, index: number): void => {
    const { owner } = archive;
    const container = owner && containerOf(owner);
    const rule = container?.rule;
    const timeMs = orderTimeMs(archive, input.nowMs);
    if (index === REMOTE) {
      if (rule?.scope === 'Node') return;
    } else {
      if (mayHaveCopies && archive.state === 'complete') container?.ownNames.add(archive.name);
      const reason = initialReason(archive, timeMs);
      verdicts[index] = { archive, action: 'keep', reason, rule, mode: rule?.mode ?? 'Enforce' };
    }
    if (archive.pinned || archive.state !== 'complete') return;
    if (owner === undefined || container === undefined || rule === undefined || timeMs === undefined) return;
    container.candidates.push({ archive, index, owner, timeMs, floor: false, gone: false, waits: false });
  };

  input.archives.forEach(consider);
  for (const archive of input.remote ?? []) consider(archive, REMOTE);
  return [...containers.values()].filter(isGoverned);
}

function hasRemote({ remote = [] }: PlanInput): boolean {
  return remote.length > 0;
}

/** A container that no rule governs. */
type Ungoverned = Omit<Container, 'rule'> & { readonly rule: undefined };

function isGoverned(container: Container | Ungoverned): container is Container {
  return container.rule !== undefined && container.candidates.length > 0;
}

/** The reason where no limit calls: one of the archive's own, or within limits until one does. */
function initialReason({ pinned, state, owner }: Archive, timeMs: number | undefined): KeepReason {
  if (pinned) return 'pinned';
  if (state !== 'complete') return state;
  return owner === undefined || timeMs === undefined ? 'unattributed' : 'within-limits';
}

/**
 * The same name on another node is the same checkpoint, copied or moved: it counts once. The node's own complete one stands for it,
 * also where a pin takes that out of the count, or else the newest copy, which its own node does not give up for the others.
 */
function leaveOutCopies(container: Container): void {
  const names = new Set(container.ownNames);
  container.candidates = container.candidates.filter(({ index, archive: { name } }) => {
    if (index !== REMOTE) return true;
    const isFirst = !names.has(name);
    names.add(name);
    return isFirst;
  });
}

/** Marks the candidates of a container, newest first, that `keepLast` protects. */
function markFloor({ rule, candidates }: Container): void {
  for (let i = 0; i < Math.min(rule.keepLast, candidates.length); i++) {
    const candidate = candidates[i];
    if (candidate !== undefined) candidate.floor = true;
  }
}

/** The limits that look at one archive alone: orphaned, expired, oversize. First hit wins. */
function applyOwnLimits(container: Container, input: PlanInput, verdicts: Verdict[]): void {
  const { owner, rule, candidates } = container;
  const orphaned = isOrphaned(rule, owner, input);
  const maxAgeMs = limitOf(rule.maxAgeMs);
  const maxArchiveBytes = limitOf(rule.maxArchiveBytes);
  if (!orphaned && maxAgeMs === Infinity && maxArchiveBytes === Infinity) return;
  const sizeLevel: GroupLevel = rule.level === 'global' ? 'container' : rule.level;
  const due = isDue(input, rule, groupKey(sizeLevel, owner));

  for (const candidate of candidates) {
    const { archive, timeMs } = candidate;
    if (orphaned) {
      take(candidate, 'orphaned', undefined, verdicts);
      continue;
    }
    if (input.nowMs - timeMs > maxAgeMs) {
      const heldBy = candidate.floor ? 'keep-last' : input.clockTrusted ? undefined : 'clock';
      if (heldBy === undefined) {
        take(candidate, 'expired', undefined, verdicts);
        continue;
      }
      hold(candidate, 'expired', heldBy, verdicts);
    }
    if (archive.sizeBytes > maxArchiveBytes) {
      if (candidate.floor) hold(candidate, 'oversize', 'keep-last', verdicts);
      else if (due) take(candidate, 'oversize', undefined, verdicts);
      else wait(candidate, 'oversize', verdicts);
    }
  }
}

/** Only a rule that asks for it, and only an owner confirmed gone for the grace period, makes orphans. */
function isOrphaned(rule: Rule, owner: Owner, input: PlanInput): boolean {
  if (rule.retainOrphan || input.ownerState === undefined) return false;
  const known = input.ownerState(owner);
  return known.state === 'absent' && known.goneForMs >= rule.orphanGraceMs;
}

interface Group {
  readonly limits: GroupLimits;
  readonly key: GroupKey;
  /** Newest first; what earlier steps took is not in it. */
  readonly members: readonly Candidate[];
  readonly due: boolean;
}

/**
 * Count, then total size. An archive goes when the newer ones of its group fill the limit; what is above the limit and
 * protected stays on top, it never costs a newer archive its place.
 */
function applyGroupLimits({ limits, key, members, due }: Group, verdicts: Verdict[]): void {
  const maxCount = limitOf(limits.maxCount);
  const maxTotalBytes = limitOf(limits.maxTotalBytes);

  const over = (candidate: Candidate, reason: DeleteReason): void => {
    if (candidate.floor) hold(candidate, reason, 'keep-last', verdicts);
    else if (due) take(candidate, reason, key, verdicts);
    else wait(candidate, reason, verdicts);
  };

  let newerAndOwnBytes = 0;
  members.forEach((candidate, newer) => {
    if (newer >= maxCount) over(candidate, 'over-count');
    if (candidate.gone) return;
    newerAndOwnBytes += candidate.archive.sizeBytes;
    if (newerAndOwnBytes > maxTotalBytes) over(candidate, 'over-total-size');
  });
}

/**
 * The limits of a rule that stay exceeded once all that may go has gone, also what only waits for an arrival; a limit out
 * of reach would otherwise seem to come and go with the arrivals. Only `keepLast` can stand against a group's limit.
 */
function findUnreachable(rule: Rule, containers: readonly Container[]): UnreachableLimit[] {
  const found: UnreachableLimit[] = [];
  for (const limits of rule.groups) {
    for (const [group, members] of groupBy(containers, (container) =>
      groupKey(limits.level, container.owner),
    )) {
      let count = 0;
      let bytes = 0;
      for (const { candidates } of members) {
        for (const { gone, waits, archive } of candidates) {
          if (gone || waits) continue;
          count++;
          bytes += archive.sizeBytes;
        }
      }
      const report = (limit: UnreachableLimit['limit'], excess: number): void => {
        if (excess > 0) found.push({ limit, rule: rule.id, mode: rule.mode, group, excess });
      };
      report('maxCheckpoints', count - limitOf(limits.maxCount));
      report('maxTotalSize', bytes - limitOf(limits.maxTotalBytes));
    }
  }
  return found;
}

/** Count and size limits act where something has arrived, or everywhere when the rule says so (docs/explanation/retention.md, 4). */
function isDue(input: PlanInput, rule: Rule, key: GroupKey): boolean {
  return input.due === 'all' || rule.applyImmediately || input.due.has(key);
}

/** Whether all that is left of a group stays within its limits, in whatever order. */
function holdsFor(limits: GroupLimits, containers: readonly Container[]): boolean {
  let count = 0;
  let bytes = 0;
  for (const { candidates } of containers) {
    for (const { gone, archive } of candidates) {
      if (gone) continue;
      count++;
      bytes += archive.sizeBytes;
    }
  }
  return count <= limitOf(limits.maxCount) && bytes <= limitOf(limits.maxTotalBytes);
}

/** What is left of several containers, newest first. */
function mergeLeft(containers: readonly Container[]): Candidate[] {
  const left: Candidate[] = [];
  for (const { candidates } of containers) {
    for (const candidate of candidates) if (!candidate.gone) left.push(candidate);
  }
  return containers.length > 1 ? left.sort(compareNewestFirst) : left; // one container's are sorted already
}

function take(
  candidate: Candidate,
  reason: DeleteReason,
  group: GroupKey | undefined,
  verdicts: Verdict[],
): void {
  candidate.gone = true;
  const before = verdicts[candidate.index];
  if (before === undefined) return; // a remote archive: its own node decides
  const { archive, rule, mode } = before;
  verdicts[candidate.index] = {
    archive,
    action: 'delete',
    reason,
    rule,
    mode,
    ...(group === undefined ? {} : { group }),
  };
}

function wait(candidate: Candidate, reason: DeleteReason, verdicts: Verdict[]): void {
  candidate.waits = true;
  hold(candidate, reason, 'no-arrival', verdicts);
}

/** Notes the first limit that called for an archive which stays all the same. */
function hold(candidate: Candidate, reason: DeleteReason, by: HeldBy, verdicts: Verdict[]): void {
  const before = verdicts[candidate.index];
  if (before !== undefined && before.held === undefined) {
    verdicts[candidate.index] = { ...before, held: { by, reason } };
  }
}

function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
