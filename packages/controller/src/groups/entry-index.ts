import { namespaceOf } from '@checkpoint-warden/policy';
import { groupLevel } from './group-level.ts';
import type { Entry } from './holder.ts';

/** All groups that somebody holds, by rule and name. */
export interface EntryIndex {
  /** The entry of a group, a new one if need be. */
  of(rule: string, group: string): Entry;
  find(rule: string, group: string): Entry | undefined;
  /** The broader groups that a group is in, under the same rule. */
  around(entry: Entry): readonly Entry[];
  all(): Iterable<Entry>;
  delete(entry: Entry): void;
}

export function createEntryIndex(): EntryIndex {
  /** `rule` is the one text of it that all its entries have: there are thousands to a rule. */
  const byRule = new Map<string, { readonly rule: string; readonly groups: Map<string, Entry> }>();
  return {
    of(rule, group) {
      const ofRule = byRule.get(rule) ?? { rule, groups: new Map<string, Entry>() };
      byRule.set(ofRule.rule, ofRule);
      const known = ofRule.groups.get(group);
      if (known !== undefined) return known;
      const entry: Entry = {
        rule: ofRule.rule,
        group,
        namespace: namespaceOf(group),
        level: groupLevel(group),
        rows: [],
        isShared: false,
        isWaiting: false,
        merged: undefined,
      };
      ofRule.groups.set(group, entry);
      return entry;
    },
    find: (rule, group) => byRule.get(rule)?.groups.get(group),
    around({ rule, group }) {
      const parts = partsOf(group);
      const names = parts.slice(1).map((_, more) => parts.slice(0, more + 1).join('/'));
      return names.flatMap((name) => byRule.get(rule)?.groups.get(name) ?? []);
    },
    *all() {
      for (const { groups } of byRule.values()) yield* groups.values();
    },
    delete({ rule, group }) {
      const groups = byRule.get(rule)?.groups;
      groups?.delete(group);
      if (groups?.size === 0) byRule.delete(rule);
    },
  };
}

function partsOf(group: string): readonly string[] {
  return group.split('/');
}
