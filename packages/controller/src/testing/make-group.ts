import type { GroupArchive } from '@checkpoint-warden/api';
import { ruleHashAlone } from '@checkpoint-warden/api/testing/rule-hash-alone';
import type { Policy, Rule } from '@checkpoint-warden/policy';
import type { ScriptedGroup } from './scripted-agent.ts';

/** A rule that lets each pod have so many archives, wherever they lie. */
export function podRule(maxCount: number, changes: Partial<Rule> = {}): Rule {
  return {
    id: 'default/podPolicies[0]',
    level: 'pod',
    namespace: 'shop',
    pod: '*',
    mode: 'Enforce',
    applyImmediately: false,
    scope: 'Cluster',
    retainOrphan: true,
    orphanGraceMs: 0,
    keepLast: 0,
    groups: [{ level: 'pod', maxCount }],
    ...changes,
  };
}

export function policyOf(...rules: readonly Rule[]): Policy {
  return { rules };
}

/** An archive of `shop/web-0/app`, the newer the higher its number. */
export function makeArchive(number: number, changes: Partial<GroupArchive> = {}): GroupArchive {
  const name = `checkpoint-${number}.tar`;
  return { name, pod: 'web-0', container: 'app', bytes: 10, countsAsMs: number, mtimeMs: number, ...changes };
}

/** The group `shop/web-0` with archives of these numbers. */
export function makeGroup(
  rule: Rule,
  numbers: readonly number[],
  changes: Partial<ScriptedGroup> = {},
): ScriptedGroup {
  const archives = numbers.map((number) => makeArchive(number));
  return { group: 'shop/web-0', rule: ruleHashAlone(rule), due: [], archives, ...changes };
}
