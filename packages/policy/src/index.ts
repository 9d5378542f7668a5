export { compareNewestFirst, compareText, type Dated, orderTimeMs } from './archive-order.ts';
export { DURATION_PATTERN, formatDuration, MAX_DURATION_LENGTH, parseDuration } from './duration.ts';
export { type Explanation, explain, type LimitFinding } from './explain.ts';
export { governingRule, matchingRules } from './governing-rule.ts';
export { groupKey, groupKeysOf, namespaceOf } from './group-key.ts';
export { matchesPattern } from './name-pattern.ts';
export type { ParseResult } from './parse-result.ts';
export { planRetention } from './plan-retention.ts';
export {
  formatBytes,
  formatQuantity,
  MAX_SIZE_LENGTH,
  MIN_SIZE,
  parseSize,
  SIZE_PATTERN,
} from './quantity.ts';
export {
  countThatMatter,
  type GroupReach,
  isNearLimit,
  mayExceed,
  reachOf,
  type SharedGroup,
  sharedGroups,
} from './shared-groups.ts';
export { type Amount, type PlanSummary, summarizePlan } from './summarize-plan.ts';
export * from './types.ts';
