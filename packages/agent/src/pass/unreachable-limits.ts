import { type GroupKey, groupKeysOf, type Plan, type UnreachableLimit } from '@checkpoint-warden/policy';
import { LIMITS } from '../metrics.ts';

/** Limits that became unreachable, or reachable again, with one pass. */
export interface UnreachableChange {
  readonly began: readonly UnreachableLimit[];
  readonly ended: readonly UnreachableLimit[];
}

/** Remembers which limits cannot be reached, so that each is reported once when it begins and once when it ends. */
export interface UnreachableLimits {
  /**
   * @param found - what a pass found
   * @param wasJudged - whether that pass judged a limit: what it did not look at stays as it was
   */
  update(
    found: readonly UnreachableLimit[],
    wasJudged: (limit: UnreachableLimit) => boolean,
  ): UnreachableChange;
  readonly current: readonly UnreachableLimit[];
  counts(): Record<UnreachableLimit['limit'], number>;
}

export function createUnreachableLimits(): UnreachableLimits {
  const current = new Map<string, UnreachableLimit>();
  return {
    get current() {
      return [...current.values()];
    },
    update(found, wasJudged) {
      const foundByKey = new Map(found.map((limit) => [keyOf(limit), limit]));
      const ended: UnreachableLimit[] = [];
      for (const [key, limit] of current) {
        if (foundByKey.has(key) || !wasJudged(limit)) continue;
        current.delete(key);
        ended.push(limit);
      }
      const began = [...foundByKey].filter(([key]) => !current.has(key)).map(([, limit]) => limit);
      for (const [key, limit] of foundByKey) current.set(key, limit);
      return { began, ended };
    },
    counts() {
      const counts = Object.fromEntries(LIMITS.map((limit) => [limit, 0])) as Record<
        UnreachableLimit['limit'],
        number
      >;
      for (const { limit } of current.values()) counts[limit]++;
      return counts;
    },
  };
}

/** The limits of a plan that cannot be reached, without those of groups that lie on other nodes alone: they tell of them. */
export function unreachableHere({ verdicts, unreachable }: Plan): readonly UnreachableLimit[] {
  if (unreachable.length === 0) return unreachable;
  const here = new Set(
    verdicts.flatMap(({ archive: { owner } }) => (owner === undefined ? [] : groupKeysOf(owner))),
  );
  return unreachable.filter(({ group }) => group === undefined || here.has(group));
}

function keyOf({ limit, rule, group }: { limit: string; rule: string; group?: GroupKey }): string {
  return `${limit} ${rule} ${group ?? ''}`;
}
