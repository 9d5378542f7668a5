import { createHash } from 'node:crypto';
import { policyOf } from '@checkpoint-warden/agent/testing';
import type { RecordedDeletion } from './audit-record.ts';

const LEVELS = ['container', 'pod', 'namespace'] as const;
type Level = (typeof LEVELS)[number];

/** Limits for all containers, pods and namespaces. */
export interface Limits {
  readonly immediately: boolean;
  readonly maxCount: Partial<Record<Level, number>>;
  readonly maxTotalMiB: Partial<Record<Level, number>>;
}

/** An archive that a test has written. */
export interface WrittenArchive {
  readonly name: string;
  readonly owner: { readonly namespace: string; readonly pod: string; readonly container: string };
  readonly timeMs: number;
  /** Filled in when its last byte is written. */
  complete: { readonly sizeBytes: number; readonly mtimeMs: number; readonly since: number } | undefined;
  /** Moment since when it is certainly pinned. */
  pinnedSince: number | undefined;
  /** Moments at which it was last seen, and first found gone. */
  lastSeen: number;
  goneBy: number | undefined;
}

/**
 * Knows all that a test has written and done, in order, and judges each deletion by it. It has its own simple idea of
 * retention: nothing here is the planner's. Moments are numbers that go up.
 */
export interface Witness {
  readonly archives: ReadonlyMap<string, WrittenArchive>;
  /** The present moment; each call is a later one. */
  now(): number;
  add(archive: WrittenArchive): void;
  policy(limits: Limits): void;
  /** Takes note of what is there. @throws when something is gone that no policy may take */
  look(names: ReadonlySet<string>): void;
  /** @throws when one of the deletions should not have been, or what is gone has no record */
  judge(record: readonly RecordedDeletion[], isSettled: boolean): void;
  /** What is over a limit, in words; empty when all hold. @param groups - to look at */
  excess(limits: Limits, groups: ReadonlySet<string>): string[];
}

export function createWitness(): Witness {
  const archives = new Map<string, WrittenArchive>();
  const policies = new Map<string, Limits>();
  const judged = new Set<string>();
  let moment = 0;

  /** Those of a group that count, newest first. */
  const countable = (key: string, level: Level, isThere: (archive: WrittenArchive) => boolean) =>
    [...archives.values()]
      .filter((archive) => groupOf(archive, level) === key && archive.complete !== undefined)
      .filter(isThere)
      .sort(newestFirst);

  /** Whether a limit of one level calls for an archive, given what was newer. */
  const isCalledFor = (
    archive: WrittenArchive,
    reason: string,
    { maxCount, maxTotalMiB }: Limits,
    level: Level,
    wasThere: (other: WrittenArchive) => boolean,
  ): boolean => {
    const newer = countable(groupOf(archive, level), level, wasThere).filter(
      (other) => other !== archive && newestFirst(other, archive) < 0,
    );
    if (reason === 'over-count') return newer.length >= (maxCount[level] ?? Number.POSITIVE_INFINITY);
    const limitBytes = (maxTotalMiB[level] ?? Number.POSITIVE_INFINITY) * 2 ** 20;
    return reason === 'over-total-size' && sizeOf([archive, ...newer]) > limitBytes;
  };

  return {
    archives,
    now: () => ++moment,
    add: (archive) => void archives.set(archive.name, archive),
    policy(limits) {
      const policy = policyOf(policySpec(limits));
      policies.set(createHash('sha256').update(JSON.stringify(policy)).digest('hex'), limits);
    },
    look(names) {
      const now = ++moment;
      for (const archive of archives.values()) {
        if (names.has(archive.name)) {
          if (archive.goneBy !== undefined) throw new Error(`${archive.name} is back`);
          archive.lastSeen = now;
        } else {
          if (archive.complete === undefined) throw new Error(`${archive.name} went while being written`);
          if (archive.pinnedSince !== undefined) throw new Error(`${archive.name} went in spite of its pin`);
          archive.goneBy ??= now;
        }
      }
    },
    judge(record, isSettled) {
      const deletedIn = new Map<string, number>();
      const announced = new Map<string, RecordedDeletion[]>();
      for (const deletion of record) {
        announced.set(deletion.archive, [...(announced.get(deletion.archive) ?? []), deletion]);
        if (isSettled && deletion.result === undefined) throw new Error(`${deletion.seq} has no outcome`);
      }
      for (const archive of archives.values()) {
        const done = (announced.get(archive.name) ?? []).filter(
          ({ result }) => result === 'deleted' || (result === undefined && archive.goneBy !== undefined),
        );
        const expected = archive.goneBy === undefined ? 0 : 1;
        if (done.length !== expected) {
          throw new Error(`${archive.name} was deleted ${expected} times, the audit log says ${done.length}`);
        }
        const [deletion] = done;
        if (deletion !== undefined) deletedIn.set(archive.name, deletion.batch);
      }
      for (const archive of archives.values()) {
        const { goneBy, lastSeen } = archive;
        if (goneBy === undefined || judged.has(archive.name)) continue;
        judged.add(archive.name);
        const deletion = (announced.get(archive.name) ?? []).find(
          ({ batch }) => batch === deletedIn.get(archive.name),
        );
        const limits = policies.get(deletion?.policyHash ?? '');
        if (deletion === undefined || limits === undefined)
          throw new Error(`${archive.name}: unknown policy`);
        const wasThere = (other: WrittenArchive) =>
          other.complete !== undefined &&
          other.complete.since < goneBy &&
          (deletedIn.get(other.name) ?? Number.POSITIVE_INFINITY) >= deletion.batch &&
          !(other.pinnedSince !== undefined && other.pinnedSince < lastSeen);
        if (!LEVELS.some((level) => isCalledFor(archive, deletion.reason, limits, level, wasThere))) {
          throw new Error(`${archive.name} should have stayed: ${JSON.stringify({ deletion, limits })}`);
        }
      }
    },
    excess({ maxCount, maxTotalMiB }, groups) {
      const found: string[] = [];
      for (const level of LEVELS) {
        for (const key of groups) {
          const left = countable(
            key,
            level,
            (other) => other.goneBy === undefined && other.pinnedSince === undefined,
          );
          const [count, bytes] = [maxCount[level] ?? Infinity, (maxTotalMiB[level] ?? Infinity) * 2 ** 20];
          if (left.length > count) found.push(`${key}: ${left.length} archives of ${count}`);
          if (sizeOf(left) > bytes) found.push(`${key}: ${sizeOf(left)} bytes of ${bytes}`);
        }
      }
      return found;
    },
  };
}

/** The policy object's spec, in YAML. */
export function policySpec({ immediately, maxCount, maxTotalMiB }: Limits): string {
  const fields = LEVELS.flatMap((level) => {
    const suffix = `Per${level[0]?.toUpperCase()}${level.slice(1)}`;
    const [count, total] = [maxCount[level], maxTotalMiB[level]];
    return [
      ...(count === undefined ? [] : [`maxCheckpoints${suffix}: ${count}`]),
      ...(total === undefined ? [] : [`maxTotalSize${suffix}: ${total}Mi`]),
    ];
  });
  return `applyPoliciesImmediately: ${immediately}\nglobalPolicy: {${fields.join(', ')}}`;
}

/** All groups an archive is in. */
export function groupsOf(archive: WrittenArchive): string[] {
  return LEVELS.map((level) => groupOf(archive, level));
}

function groupOf({ owner: { namespace, pod, container } }: WrittenArchive, level: Level): string {
  return { namespace, pod: `${namespace}/${pod}`, container: `${namespace}/${pod}/${container}` }[level];
}

function newestFirst(a: WrittenArchive, b: WrittenArchive): number {
  const mtime = (archive: WrittenArchive) => archive.complete?.mtimeMs ?? 0;
  return b.timeMs - a.timeMs || mtime(b) - mtime(a) || (a.name < b.name ? 1 : -1);
}

function sizeOf(archives: readonly WrittenArchive[]): number {
  return archives.reduce((sum, { complete }) => sum + (complete?.sizeBytes ?? 0), 0);
}
