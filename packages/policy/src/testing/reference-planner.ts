import type {
  Archive,
  DeleteReason,
  GroupLevel,
  HeldBy,
  KeepReason,
  NodeRule,
  Owner,
  Plan,
  PlanInput,
  Rule,
  RuleLevel,
  UnreachableLimit,
  Verdict,
} from '../types.ts';

/**
 * The slow, obvious planner: docs/explanation/retention.md and safety rules 5, 6, 7 and 11, one function for each sentence.
 *
 * It was written from that text alone, shares no code with `planRetention` and is its oracle: where the two differ,
 * one of them has misread it. Never make it fast.
 *
 * @returns verdicts in the input's order; `unreachable` in no particular order
 */
export function referencePlan(input: PlanInput): Plan {
  const entries = [
    ...input.archives.map((archive) => toEntry(archive, true, input)),
    ...(input.remote ?? []).map((archive) => toEntry(archive, false, input)),
  ];
  const unreachable: UnreachableLimit[] = [];
  for (const rule of input.policy.rules) {
    // section 6: "`scope: Node` on an entry asks for the per-node meaning instead."
    const governed = entries.filter(
      (entry) => entry.rule === rule && (entry.local || rule.scope === 'Cluster'),
    );
    applyRule(rule, distinct(governed), input, unreachable);
  }
  const local = entries.filter((entry) => entry.local);
  // section 3: "Node rules run last, over all that is left."
  if (input.policy.node !== undefined) applyNodeRule(input.policy.node, local, input, unreachable);
  return { verdicts: local.map(toVerdict), unreachable };
}

/** What is known of one archive while the steps run over it. */
interface Entry {
  readonly archive: Archive;
  readonly local: boolean;
  /** The time it counts as of; `undefined` where that lies in the future. */
  readonly timeMs: number | undefined;
  readonly rule: Rule | undefined;
  isProtected: boolean;
  /** Whether a limit would take it as soon as something arrives. */
  isWaiting: boolean;
  gone:
    | { readonly reason: DeleteReason; readonly rule: Rule | NodeRule; readonly group?: string }
    | undefined;
  held: { readonly by: HeldBy; readonly reason: DeleteReason } | undefined;
}

function toEntry(archive: Archive, local: boolean, input: PlanInput): Entry {
  return {
    archive,
    local,
    timeMs: countsAsOf(archive, input.nowMs),
    rule: archive.owner && governingRule(input.policy.rules, archive.owner),
    isProtected: false,
    isWaiting: false,
    gone: undefined,
    held: undefined,
  };
}

function toVerdict(entry: Entry): Verdict {
  const { archive, gone, held, rule } = entry;
  if (gone !== undefined) {
    const group = gone.group === undefined ? {} : { group: gone.group };
    return {
      archive,
      action: 'delete',
      reason: gone.reason,
      rule: gone.rule,
      mode: gone.rule.mode,
      ...group,
    };
  }
  const reason = reasonToKeep(entry);
  return { archive, action: 'keep', reason, rule, mode: rule?.mode ?? 'Enforce', ...(held && { held }) };
}

// --- section 2 Which rule governs an archive

/** "Exactly one: container before pod before namespace before global." */
function governingRule(rules: readonly Rule[], owner: Owner): Rule | undefined {
  const matching = rules.filter(
    (rule) =>
      matches(rule.namespace, owner.namespace) &&
      matches(rule.pod, owner.pod) &&
      matches(rule.container, owner.container),
  );
  return matching.find((rule) =>
    matching.every(
      (other, at) => !winsOver(other, rule) && (at >= matching.indexOf(rule) || winsOver(rule, other)),
    ),
  );
}

/** "Names match exactly or with `*`"; a broader level leaves the finer fields out. */
function matches(pattern: string | undefined, name: string): boolean {
  if (pattern === undefined) return true;
  const [first, ...rest] = pattern;
  if (first === undefined) return name === '';
  if (first !== '*') return name.startsWith(first) && matches(rest.join(''), name.slice(first.length));
  return [...name, ''].some((_, at) => matches(rest.join(''), name.slice(at)));
}

/** "Compared field by field, namespace, then pod, then container"; the finest level comes before all that. */
function winsOver(a: Rule, b: Rule): boolean {
  const levels: readonly RuleLevel[] = ['global', 'namespace', 'pod', 'container'];
  if (a.level !== b.level) return levels.indexOf(a.level) > levels.indexOf(b.level);
  for (const field of ['namespace', 'pod', 'container'] as const) {
    if (isMoreSpecific(a[field] ?? '*', b[field] ?? '*')) return true;
    if (isMoreSpecific(b[field] ?? '*', a[field] ?? '*')) return false;
  }
  return false; // "A full tie goes to the earlier entry."
}

/** "An exact name wins over a pattern, a pattern with more literal characters over one with fewer." */
function isMoreSpecific(a: string, b: string): boolean {
  const isExact = (pattern: string) => !pattern.includes('*');
  const literals = (pattern: string) => [...pattern].filter((character) => character !== '*').length;
  if (isExact(a) !== isExact(b)) return isExact(a);
  return !isExact(a) && literals(a) > literals(b);
}

// --- section 3 What a rule does

/** Safety rule 7: "such an archive counts as of its mtime, and one in the future of both is unattributed." */
function countsAsOf(archive: Archive, nowMs: number): number | undefined {
  return [archive.createdAtMs, archive.mtimeMs].find((timeMs) => timeMs <= nowMs);
}

/** "First hit gives the reason: pinned · incomplete/writing/unattributed · … · within-limits." */
function reasonToKeep({ archive, timeMs }: Entry): KeepReason {
  if (archive.pinned) return 'pinned';
  if (archive.state !== 'complete') return archive.state;
  if (archive.owner === undefined || timeMs === undefined) return 'unattributed';
  return 'within-limits';
}

/** "Pinned: not counted against a group"; "incomplete/writing/unattributed: never counted as a good copy". */
function isCandidate(entry: Entry): boolean {
  return reasonToKeep(entry) === 'within-limits';
}

/** section 6: "counts once: a node's own complete one for itself, pinned or not, else the newest copy." */
function distinct(governed: readonly Entry[]): Entry[] {
  const isSame = (a: Entry, b: Entry) =>
    a.archive.name === b.archive.name && keyOf('container', a) === keyOf('container', b);
  return governed
    .filter(isCandidate)
    .filter(
      (entry, _, candidates) =>
        entry.local ||
        (!governed.some(
          (other) => other.local && other.archive.state === 'complete' && isSame(other, entry),
        ) &&
          !candidates.some((other) => isSame(other, entry) && isNewer(other, entry))),
    );
}

/** "By the time in the file name (then mtime, then path)"; section 6: "total over the cluster (time, mtime, node, name)". */
function isNewer(a: Entry, b: Entry): boolean {
  const key = ({ archive, timeMs }: Entry) =>
    [timeMs ?? 0, archive.mtimeMs, archive.node, archive.name] as const;
  const [left, right] = [key(a), key(b)];
  for (const [at, value] of left.entries()) {
    const other = right[at];
    if (other !== undefined && value !== other) return value > other;
  }
  return false;
}

function newerThan(entry: Entry, group: readonly Entry[]): Entry[] {
  return group.filter((other) => isNewer(other, entry));
}

function keyOf(level: GroupLevel, { archive }: Entry): string {
  const { namespace, pod, container } = archive.owner ?? { namespace: '', pod: '', container: '' };
  const names = { namespace: [namespace], pod: [namespace, pod], container: [namespace, pod, container] };
  return names[level].join('/');
}

/** "The level of a rule says what its group is." */
function groupsAt(level: GroupLevel, entries: readonly Entry[]): Entry[][] {
  const keys = new Set(entries.map((entry) => keyOf(level, entry)));
  return [...keys].map((key) => entries.filter((entry) => keyOf(level, entry) === key));
}

/** section 3: "Unset means no limit; 0 means that one limit is off." */
function exceeds(value: number, limit: number | undefined): boolean {
  return limit !== undefined && limit !== 0 && value > limit;
}

function totalBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, { archive }) => sum + archive.sizeBytes, 0);
}

function isLeft(entry: Entry): boolean {
  return entry.gone === undefined;
}

/** section 4: "Count and size limits act on a group when an archive arrives in it", or at once with applyImmediately. */
function isDue(rule: Rule, key: string, input: PlanInput): boolean {
  return rule.applyImmediately || input.due === 'all' || input.due.has(key);
}

/** The reasons of one rule in their order, over all the archives that it governs. */
function applyRule(
  rule: Rule,
  all: readonly Entry[],
  input: PlanInput,
  unreachable: UnreachableLimit[],
): void {
  // "keepLast beats everything but orphaned": per container, the newest N complete archives.
  for (const container of groupsAt('container', all)) {
    for (const entry of container) entry.isProtected = newerThan(entry, container).length < rule.keepLast;
  }
  for (const entry of all) {
    if (isOrphan(entry, rule, input)) entry.gone = { reason: 'orphaned', rule };
  }
  for (const entry of all.filter(isLeft)) {
    // Safety rule 11: "verdicts that depend on now are withheld."
    const obstacle = input.clockTrusted ? undefined : 'clock';
    const ageMs = input.nowMs - (entry.timeMs ?? input.nowMs);
    if (exceeds(ageMs, rule.maxAgeMs)) call(entry, rule, 'expired', obstacle);
  }
  for (const entry of all.filter(isLeft)) {
    const key = keyOf(rule.level === 'global' ? 'container' : rule.level, entry);
    const obstacle = isDue(rule, key, input) ? undefined : 'no-arrival';
    if (exceeds(entry.archive.sizeBytes, rule.maxArchiveBytes)) call(entry, rule, 'oversize', obstacle);
  }
  // "The global rule limits the container, then the pod, then the namespace groups, each over the archives … that the
  // step before left. At each of these levels the count comes before the total."
  for (const { level, maxCount, maxTotalBytes } of rule.groups) {
    for (const group of groupsAt(level, all)) {
      const [key, counted] = [group.map((entry) => keyOf(level, entry))[0] ?? '', group.filter(isLeft)];
      const obstacle = isDue(rule, key, input) ? undefined : 'no-arrival';

      // "Count: an archive goes when its group has N newer ones."
      for (const entry of counted) {
        const rank = newerThan(entry, counted).length + 1;
        if (exceeds(rank, maxCount)) call(entry, rule, 'over-count', obstacle, key);
      }
      const weighed = counted.filter(isLeft);

      // "Total: it goes when its size and those of all newer ones of its group together exceed the limit."
      for (const entry of weighed) {
        const bytes = totalBytes([entry, ...newerThan(entry, weighed)]);
        if (exceeds(bytes, maxTotalBytes)) call(entry, rule, 'over-total-size', obstacle, key);
      }
    }
  }
  // "When pins or floors make a limit unreachable, that is reported": once all levels are done, and between arrivals too.
  for (const { level, maxCount, maxTotalBytes } of rule.groups) {
    for (const group of groupsAt(level, all)) {
      const left = group.filter((entry) => isLeft(entry) && !entry.isWaiting);
      const report = (limit: 'maxCheckpoints' | 'maxTotalSize', excess: number) =>
        unreachable.push({
          limit,
          rule: rule.id,
          mode: rule.mode,
          group: group.map((entry) => keyOf(level, entry))[0] ?? '',
          excess,
        });
      if (exceeds(left.length, maxCount)) report('maxCheckpoints', left.length - (maxCount ?? 0));
      const bytesLeft = totalBytes(left);
      if (exceeds(bytesLeft, maxTotalBytes)) report('maxTotalSize', bytesLeft - (maxTotalBytes ?? 0));
    }
  }
}

/** section 5: only `absent`, confirmed for the grace period, and only where the rule does not retain orphans. */
function isOrphan({ archive }: Entry, rule: Rule, input: PlanInput): boolean {
  const known = archive.owner && input.ownerState?.(archive.owner);
  return !rule.retainOrphan && known?.state === 'absent' && known.goneForMs >= rule.orphanGraceMs;
}

/** A limit calls for an archive: it goes, or what stands against that is noted, for the first such limit. */
function call(
  entry: Entry,
  rule: Rule,
  reason: DeleteReason,
  obstacle: HeldBy | undefined,
  group?: string,
): void {
  const by = entry.isProtected ? 'keep-last' : obstacle;
  if (by === 'no-arrival') entry.isWaiting = true;
  if (by !== undefined) entry.held ??= { by, reason };
  else entry.gone = { reason, rule, ...(group !== undefined && { group }) };
}

// --- section 3 Node rules

function applyNodeRule(
  rule: NodeRule,
  local: readonly Entry[],
  input: PlanInput,
  unreachable: UnreachableLimit[],
): void {
  // "abandoned: incomplete and older than maxIncompleteAge", by mtime; 0 keeps for ever.
  for (const entry of local.filter(isLeftover)) {
    if (!exceeds(input.nowMs - entry.archive.mtimeMs, rule.maxIncompleteAgeMs)) continue;
    if (input.clockTrusted) entry.gone = { reason: 'abandoned', rule };
    else entry.held = { by: 'clock', reason: 'abandoned' };
  }
  if (input.disk === undefined) return;

  // A rule in Audit mode deletes nothing, so what it would delete is still there for a node rule that does.
  const isThere = ({ gone }: Entry) =>
    gone === undefined || (gone.rule.mode === 'Audit' && rule.mode === 'Enforce');
  const total = () => totalBytes(local.filter(isThere));
  const { availBytes, sizeBytes } = input.disk;
  const free = () => availBytes + totalBytes(local.filter((entry) => !isThere(entry)));
  const wanted = wantedFreeBytes(rule, sizeBytes);
  // "minFreeSpace stops at a small margin above its target so that it does not flap."
  const margin = Math.max(0, Math.min(wanted, sizeBytes - wanted)) * 0.05;
  const target = free() < wanted ? wanted + margin : 0;

  for (;;) {
    const reason = exceeds(total(), rule.maxTotalBytes) ? 'over-node-size' : 'low-free-space';
    if (reason === 'low-free-space' && free() >= target) break;
    const next = nextToEvict(local.filter(isThere));
    if (next === undefined) break;
    next.gone = { reason, rule };
  }
  const report = (limit: 'nodeMaxTotalSize' | 'minFreeSpace', excess: number) =>
    unreachable.push({ limit, rule: rule.id, mode: rule.mode, excess });
  if (exceeds(total(), rule.maxTotalBytes)) report('nodeMaxTotalSize', total() - (rule.maxTotalBytes ?? 0));
  if (free() < wanted) report('minFreeSpace', wanted - free());
}

/** Safety rule 6: removed "only by its own age or first under node pressure, and only when it has stopped changing". */
function isLeftover({ archive }: Entry): boolean {
  return archive.state === 'incomplete' && !archive.pinned;
}

function wantedFreeBytes({ minFree }: NodeRule, diskBytes: number): number {
  if (minFree === undefined) return 0;
  return 'bytes' in minFree ? minFree.bytes : Math.ceil((diskBytes * minFree.percent) / 100);
}

/** "Incomplete leftovers first, then from the namespace that uses most, oldest first, never under keepLast, never pinned." */
function nextToEvict(there: readonly Entry[]): Entry | undefined {
  const leftovers = there.filter(isLeftover);
  const isOlderLeftover = (a: Entry, b: Entry) =>
    a.archive.mtimeMs < b.archive.mtimeMs ||
    (a.archive.mtimeMs === b.archive.mtimeMs && a.archive.name < b.archive.name);
  const leftover = leftovers.find((one) => !leftovers.some((other) => isOlderLeftover(other, one)));
  if (leftover !== undefined) return leftover;

  const evictable = there.filter((entry) => isCandidate(entry) && !entry.isProtected);
  const used = (namespace: string) =>
    totalBytes(there.filter(({ archive }) => archive.owner?.namespace === namespace));
  const namespaces = [...new Set(evictable.map((entry) => keyOf('namespace', entry)))];
  const largest = namespaces.find((one) =>
    namespaces.every((other) => used(one) > used(other) || (used(one) === used(other) && one <= other)),
  );
  const candidates = evictable.filter((entry) => keyOf('namespace', entry) === largest);
  return candidates.find((one) => !candidates.some((other) => isNewer(one, other)));
}
