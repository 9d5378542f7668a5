import fc from 'fast-check';
import type { GroupLevel, GroupLimits, Mode, NodeRule, Policy, Rule, RuleLevel } from '../types.ts';

const modes: fc.Arbitrary<Mode> = fc.constantFrom('Enforce', 'Enforce', 'Enforce', 'Audit');

/** A limit from `min` to `max`, or off: unset, or 0. */
function limit(min: number, max: number): fc.Arbitrary<number | undefined> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min, max }) },
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(0) },
  );
}

const FIELDS = {
  global: [],
  namespace: ['namespace'],
  pod: ['namespace', 'pod'],
  container: ['namespace', 'pod', 'container'],
} as const satisfies Record<RuleLevel, readonly GroupLevel[]>;

/** Exact names and patterns of every specificity for the names that `archives` gives. */
const PATTERNS = {
  namespace: ['a', 'a-b', 'b', '*', 'a*', 'a-*', '*b', '*-*'],
  pod: ['p', 'p-a', '*', 'p*', 'p-*'],
  container: ['c', 'b-c', '*', '*c', 'b-*'],
} as const satisfies Record<GroupLevel, readonly string[]>;

function groupLimits(level: GroupLevel): fc.Arbitrary<GroupLimits> {
  return fc.record({ level: fc.constant(level), maxCount: limit(1, 4), maxTotalBytes: limit(4, 24) });
}

function ruleOf(level: RuleLevel): fc.Arbitrary<Omit<Rule, 'id'>> {
  const names = fc.record(
    Object.fromEntries(FIELDS[level].map((field) => [field, fc.constantFrom(...PATTERNS[field])])),
  );
  const groups =
    level === 'global'
      ? fc.tuple(groupLimits('container'), groupLimits('pod'), groupLimits('namespace'))
      : fc.tuple(groupLimits(level));
  const rest = fc.record({
    level: fc.constant(level),
    mode: modes,
    applyImmediately: fc.constantFrom(false, false, false, true),
    scope: fc.constantFrom('Cluster', 'Cluster', 'Node'),
    retainOrphan: fc.boolean(),
    orphanGraceMs: fc.constantFrom(0, 2),
    maxArchiveBytes: limit(6, 8),
    maxAgeMs: limit(7, 11),
    keepLast: fc.constantFrom(0, 0, 0, 0, 1, 2),
    groups,
  } as const);
  return fc.tuple(names, rest).map(([fields, rule]) => ({ ...fields, ...rule }));
}

/** Rules of all levels, among them ones that tie and ones that match nothing; ids tell their place. */
export const rules: fc.Arbitrary<Rule[]> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: ruleOf('global') },
      { weight: 2, arbitrary: ruleOf('namespace') },
      { weight: 2, arbitrary: ruleOf('pod') },
      { weight: 1, arbitrary: ruleOf('container') },
    ),
    { minLength: 1, maxLength: 4, size: 'max' },
  )
  .map((list) => list.map((rule, index) => ({ id: `test/rules[${index}]`, ...rule })));

/** Node rules whose limits a handful of archives can exceed. */
export const nodeRules: fc.Arbitrary<NodeRule> = fc.record({
  id: fc.constant('test/nodePolicy'),
  mode: modes,
  maxTotalBytes: limit(10, 50),
  minFree: fc.oneof(
    fc.constant(undefined),
    fc.record({ percent: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ bytes: fc.integer({ min: 0, max: 60 }) }),
  ),
  maxIncompleteAgeMs: limit(3, 9),
});

/** Policies with rules of every level, most of them with a node rule. */
export const policies: fc.Arbitrary<Policy> = fc.record({
  rules,
  node: fc.option(nodeRules, { nil: undefined, freq: 3 }),
});
