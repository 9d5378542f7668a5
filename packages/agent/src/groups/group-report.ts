import { createHash } from 'node:crypto';
import { MAX_NEWEST } from '@checkpoint-warden/api';
import type { Clock } from '@checkpoint-warden/kit';
import {
  type Archive,
  countThatMatter,
  type Dated,
  type GroupKey,
  groupKeysOf,
  namespaceOf,
  type Policy,
  reachOf,
  type SharedGroup,
  sharedGroups,
} from '@checkpoint-warden/policy';
import type { Inventory } from '../inventory/inventory.ts';
import type { RuleHashes } from './rule-hashes.ts';

/** One group on this node in which archives of other nodes could matter. */
export interface ReportedGroup {
  readonly group: GroupKey;
  /** Hash of the rule that governs it. */
  readonly rule: string;
  readonly count: number;
  readonly bytes: number;
  /** Another one whenever `newest` or `due` are others. */
  readonly version: string;
  /** The newest of its archives, newest first: as many as its limits can use. */
  readonly newest: readonly Dated[];
  /** Of this group and the narrower ones of `newest`: those in which something has arrived under its rule. */
  readonly due: readonly GroupKey[];
}

/** All such groups. */
export interface GroupReport {
  /** Another one whenever the figures of a group or its version are others; `undefined`: there is no group. */
  readonly version: string | undefined;
  readonly groups: readonly ReportedGroup[];
  find(group: GroupKey, rule: string): ReportedGroup | undefined;
}

/** What the report is made from. */
export interface GroupReporterPorts {
  readonly inventory: Pick<
    Inventory,
    'revision' | 'archives' | 'arrived' | 'arrivalsRevision' | 'arrivedUnder'
  >;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly hashOf: RuleHashes;
}

/** Reports the groups of this node. See {@link createGroupReporter}. */
export interface GroupReporter {
  /** The report as of now. */
  under(policy: Policy): GroupReport;
}

/**
 * Makes the reporter of what groups lie on this node. It looks at the archives again only when they, the policy or the arrivals
 * are others, or when the clock has passed the time of an archive, so that it counts as of another time than before: a poll
 * of a quiet node costs nothing.
 */
export function createGroupReporter(ports: GroupReporterPorts): GroupReporter {
  const { inventory, clock } = ports;
  let last:
    | {
        readonly report: GroupReport;
        readonly policy: Policy;
        readonly inventory: number;
        readonly arrivals: number;
        readonly fromMs: number;
        readonly untilMs: number;
      }
    | undefined;
  return {
    under(policy) {
      const nowMs = clock.nowMs();
      const { revision, arrivalsRevision } = inventory;
      const isRight =
        last?.policy === policy &&
        last.inventory === revision &&
        last.arrivals === arrivalsRevision &&
        last.fromMs <= nowMs &&
        nowMs < last.untilMs;
      if (last !== undefined && isRight) return last.report;
      const archives = inventory.archives();
      const report = reportOf(archives, policy, nowMs, ports);
      last = { report, policy, inventory: revision, arrivals: arrivalsRevision, ...spanOf(archives, nowMs) };
      return report;
    },
  };
}

function reportOf(
  archives: readonly Archive[],
  policy: Policy,
  nowMs: number,
  ports: GroupReporterPorts,
): GroupReport {
  const groups = sharedGroups(archives, policy, nowMs).map((shared) => reportedGroup(shared, policy, ports));
  const byName = new Map(groups.map((each) => [nameOf(each.group, each.rule), each]));
  const lines = groups.map(
    (each) => `${nameOf(each.group, each.rule)} ${each.count} ${each.bytes} ${each.version}`,
  );
  return {
    version: groups.length === 0 ? undefined : versionOf(lines.sort()),
    groups,
    find: (group, rule) => byName.get(nameOf(group, rule)),
  };
}

function reportedGroup(
  { rule, level, key, archives }: SharedGroup,
  policy: Policy,
  { inventory, hashOf }: GroupReporterPorts,
): ReportedGroup {
  const hash = hashOf(policy, rule, namespaceOf(key));
  const sizes = archives.map(({ archive }) => archive.sizeBytes);
  const reach = reachOf(rule, level);
  const matter = reach === undefined ? 0 : countThatMatter(sizes, reach);
  const newest = archives.slice(0, Math.min(matter, MAX_NEWEST));
  const keys = new Set([key]);
  // A container's group has no narrower ones, and most archives are named there.
  if (level !== 'container')
    for (const { archive } of newest) for (const narrower of narrowerKeys(archive, key)) keys.add(narrower);
  const due = [...keys]
    // Not what is still due here for an arrival under another rule: nothing has arrived under this one.
    .filter((each) => inventory.arrived.has(each) || inventory.arrivedUnder(each).has(hash))
    .sort();
  return {
    group: key,
    rule: hash,
    count: archives.length,
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    version: versionOf([...newest.map(lineOf), ...due]),
    newest,
    due,
  };
}

/** The groups of an archive that lie within another one. */
function narrowerKeys({ owner }: Archive, group: GroupKey): readonly GroupKey[] {
  return owner === undefined ? [] : groupKeysOf(owner).filter((key) => key.startsWith(`${group}/`));
}

function lineOf({ archive: { name, owner, sizeBytes, mtimeMs }, timeMs }: Dated): string {
  return `${name} ${owner?.container} ${sizeBytes} ${timeMs} ${mtimeMs}`;
}

/** The wall times between which archives count as of the same times as now: from the first until before the second. */
function spanOf(archives: readonly Archive[], nowMs: number): { fromMs: number; untilMs: number } {
  let fromMs = Number.NEGATIVE_INFINITY;
  let untilMs = Number.POSITIVE_INFINITY;
  for (const { createdAtMs, mtimeMs } of archives) {
    for (const ms of [createdAtMs, mtimeMs]) {
      if (ms <= nowMs) fromMs = Math.max(fromMs, ms);
      else untilMs = Math.min(untilMs, ms);
    }
  }
  return { fromMs, untilMs };
}

function nameOf(group: GroupKey, rule: string): string {
  return `${group} ${rule}`;
}

function versionOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('base64url').slice(0, 22);
}
