import type { Policy, Rule } from '@checkpoint-warden/policy';

/** A policy whose only rule has archives of all owners deleted that are gone for `graceMs`. */
export function orphanPolicy(graceMs: number, changes: Partial<Rule> = {}): Policy {
  const rule: Rule = {
    id: 'default/globalPolicy',
    level: 'global',
    mode: 'Enforce',
    applyImmediately: false,
    scope: 'Cluster',
    retainOrphan: false,
    orphanGraceMs: graceMs,
    keepLast: 0,
    groups: [],
    ...changes,
  };
  return { rules: [rule] };
}
