import { isExactPattern, literalLength, matchesPattern } from './name-pattern.ts';
import type { Owner, Rule, RuleLevel } from './types.ts';

const PRECEDENCE: Readonly<Record<RuleLevel, number>> = { container: 3, pod: 2, namespace: 1, global: 0 };

/** Whether a rule's patterns match an owner, field by field; a field that a rule leaves out matches everything. */
export function ruleMatches(rule: Rule, owner: Owner): boolean {
  return (
    (rule.namespace === undefined || matchesPattern(rule.namespace, owner.namespace)) &&
    (rule.pod === undefined || matchesPattern(rule.pod, owner.pod)) &&
    (rule.container === undefined || matchesPattern(rule.container, owner.container))
  );
}

/** Positive when pattern `a` is more specific than `b`: exact before pattern, more literal characters before fewer. */
function comparePatterns(a: string | undefined, b: string | undefined): number {
  const [left, right] = [a ?? '*', b ?? '*'];
  const exact = Number(isExactPattern(left)) - Number(isExactPattern(right));
  return exact !== 0 ? exact : literalLength(left) - literalLength(right);
}

/** Positive when rule `a` wins over `b` where both match; 0 is a full tie, which the earlier entry wins. */
export function compareRules(a: Rule, b: Rule): number {
  return (
    PRECEDENCE[a.level] - PRECEDENCE[b.level] ||
    comparePatterns(a.namespace, b.namespace) ||
    comparePatterns(a.pod, b.pod) ||
    comparePatterns(a.container, b.container)
  );
}

/**
 * All rules that match an owner, the governing one first. Only that one applies, nothing is inherited from the others
 * (docs/explanation/retention.md, 2).
 */
export function matchingRules(rules: readonly Rule[], owner: Owner): Rule[] {
  return rules.filter((rule) => ruleMatches(rule, owner)).sort((a, b) => compareRules(b, a)); // stable: ties keep their order
}

/** The one rule that governs an owner's archives; `undefined` where none matches. */
export function governingRule(rules: readonly Rule[], owner: Owner): Rule | undefined {
  let best: Rule | undefined;
  for (const rule of rules) {
    if (ruleMatches(rule, owner) && (best === undefined || compareRules(rule, best) > 0)) best = rule;
  }
  return best;
}
