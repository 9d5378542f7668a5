import type { GroupKey } from '@checkpoint-warden/policy';
import type { GroupRuleChange } from './remembered.ts';

/** For each group the hashes of rules. */
export type RulesByGroup = ReadonlyMap<GroupKey, ReadonlySet<string>>;

/** Remembers rules of groups. See {@link createGroupRules}. */
export interface GroupRules {
  /** Empty where none is known. */
  of(group: GroupKey): ReadonlySet<string>;
  /** The groups of which any is known. */
  groups(): Iterable<GroupKey>;
  /**
   * Replaces what is known of these groups.
   *
   * @returns what that changes, additions first
   */
  replace(rules: RulesByGroup): readonly GroupRuleChange[];
  /** Forgets all but what is asked for. */
  retain(isKept: (group: GroupKey, rule: string) => boolean): readonly GroupRuleChange[];
  readonly size: number;
}

/**
 * Remembers for groups the rules under which something is so (docs/adr/0016-limits-across-nodes.md). An edited rule has another hash, so that it is
 * not so under that one.
 *
 * @param kind - what is so
 */
export function createGroupRules(
  kind: GroupRuleChange['kind'],
  recalled: RulesByGroup | undefined,
): GroupRules {
  const known = new Map<GroupKey, ReadonlySet<string>>(recalled);
  const replaceOne = (group: GroupKey, rules: ReadonlySet<string>): GroupRuleChange[] => {
    const before = known.get(group) ?? NO_RULES;
    if (rules.size > 0) known.set(group, rules);
    else known.delete(group);
    const change = (rule: string, value: true | undefined): GroupRuleChange => ({ kind, group, rule, value });
    return [
      ...[...rules].filter((rule) => !before.has(rule)).map((rule) => change(rule, true)),
      ...[...before].filter((rule) => !rules.has(rule)).map((rule) => change(rule, undefined)),
    ];
  };
  return {
    of: (group) => known.get(group) ?? NO_RULES,
    groups: () => known.keys(),
    replace: (rules) => Array.from(rules, ([group, those]) => replaceOne(group, those)).flat(),
    retain(isKept) {
      const changed: GroupRuleChange[] = [];
      for (const [group, rules] of [...known]) {
        const kept = new Set([...rules].filter((rule) => isKept(group, rule)));
        if (kept.size < rules.size) changed.push(...replaceOne(group, kept));
      }
      return changed;
    },
    get size() {
      return known.size;
    },
  };
}

const NO_RULES: ReadonlySet<string> = new Set();
