import type { GroupKey } from '@checkpoint-warden/policy';
import type { ArrivalChange } from './remembered.ts';

/** For each group the hashes of the rules under which something last arrived in it. */
export type RulesByGroup = ReadonlyMap<GroupKey, ReadonlySet<string>>;

/** Remembers under which rules something has arrived. See {@link createArrivalRules}. */
export interface ArrivalRules {
  /** Empty where nothing has arrived, or it is not known under which rule. */
  of(group: GroupKey): ReadonlySet<string>;
  /**
   * Takes note of arrivals. What was known of their groups is replaced.
   *
   * @returns what that changes, additions first
   */
  note(arrivals: RulesByGroup): readonly ArrivalChange[];
  /** Forgets the groups that are not among these. */
  retain(groups: ReadonlySet<GroupKey>): readonly ArrivalChange[];
  readonly size: number;
}

/**
 * Remembers in each group the rules under which something last arrived, once its arrival is used up (docs/adr/0016-limits-across-nodes.md). An
 * edited rule has another hash, so that nothing has arrived under it.
 */
export function createArrivalRules(recalled: RulesByGroup | undefined): ArrivalRules {
  const known = new Map<GroupKey, ReadonlySet<string>>(recalled);
  const replace = (group: GroupKey, rules: ReadonlySet<string>): ArrivalChange[] => {
    const before = known.get(group) ?? NO_RULES;
    if (rules.size > 0) known.set(group, rules);
    else known.delete(group);
    const change = (rule: string, value: true | undefined): ArrivalChange => ({
      kind: 'arrival',
      group,
      rule,
      value,
    });
    return [
      ...[...rules].filter((rule) => !before.has(rule)).map((rule) => change(rule, true)),
      ...[...before].filter((rule) => !rules.has(rule)).map((rule) => change(rule, undefined)),
    ];
  };
  return {
    of: (group) => known.get(group) ?? NO_RULES,
    note: (arrivals) => Array.from(arrivals, ([group, rules]) => replace(group, rules)).flat(),
    retain: (groups) =>
      [...known.keys()].filter((group) => !groups.has(group)).flatMap((group) => replace(group, NO_RULES)),
    get size() {
      return known.size;
    },
  };
}

const NO_RULES: ReadonlySet<string> = new Set();
