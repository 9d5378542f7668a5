import { createHash } from 'node:crypto';
import { matchesPattern, type Rule } from '@checkpoint-warden/policy';

/**
 * What tells a rule, as it stands in one namespace, from every other one: its id and limits, and which other entries there
 * are for that namespace. An entry that comes or goes there moves archives from one rule's groups to another's, so that a
 * group is not the same any more although its limits are.
 *
 * @returns for each rule that can govern archives of the namespace, 16 hex digits of SHA-256: the same on every node where
 * the very same entries are in force for it
 */
export function ruleHashesIn(rules: readonly Rule[], namespace: string): ReadonlyMap<Rule, string> {
  const here = rules.filter(
    (rule) => rule.namespace === undefined || matchesPattern(rule.namespace, namespace),
  );
  const entries = sha256(
    JSON.stringify(here.map(({ level, namespace, pod, container }) => [level, namespace, pod, container])),
  );
  return new Map(here.map((rule) => [rule, sha256(`${entries} ${JSON.stringify(rule)}`).slice(0, 16)]));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
