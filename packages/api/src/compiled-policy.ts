import { AppError } from '@checkpoint-warden/errors';
import type { Policy, Rule } from '@checkpoint-warden/policy';
import Type, { type Static } from 'typebox';
import { checkOf } from './check-of.ts';
import { refined, type SchemaRule } from './schema-rule.ts';

const MAX_RULES = 20_000;

const positive = (description: string) =>
  Type.Integer({ description, minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const pattern = (maxLength: number) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, pattern: '^[a-z0-9.*-]+$' }));
const id = Type.String({
  description: '`<policy object>/<path>`, e.g. `default/podPolicies[1]`.',
  minLength: 1,
  maxLength: 512,
});
const mode = Type.Enum(['Enforce', 'Audit'], { type: 'string' });

const GroupLimitsSchema = Type.Object(
  {
    level: Type.Enum(['namespace', 'pod', 'container'], { type: 'string' }),
    maxCount: Type.Optional(positive('Archives.')),
    maxTotalBytes: Type.Optional(positive('Bytes.')),
  },
  { additionalProperties: false },
);

/** What a rule of each level names, so that none governs more than it says. */
const NAMES = {
  global: [],
  namespace: ['namespace'],
  pod: ['namespace', 'pod'],
  container: ['namespace', 'pod', 'container'],
} as const satisfies Record<Rule['level'], readonly (keyof Rule)[]>;

const namesFitLevel: SchemaRule['check'] = (value) => {
  const rule = value as Partial<Rule> | null;
  const wanted: readonly string[] | undefined = rule?.level === undefined ? undefined : NAMES[rule.level];
  if (rule === null || wanted === undefined) return undefined;
  const given = NAMES.container.filter((name) => rule[name] !== undefined);
  if (given.join() === wanted.join()) return undefined;
  return {
    message: `a ${rule.level} rule names ${wanted.join(', ') || 'nothing'}, this one ${given.join(', ') || 'nothing'}`,
    remedy: 'compile the policy again',
  };
};

const RuleSchema = refined(
  Type.Object(
    {
      id,
      level: Type.Enum(['global', 'namespace', 'pod', 'container'], { type: 'string' }),
      namespace: pattern(63),
      pod: pattern(253),
      container: pattern(63),
      mode,
      applyImmediately: Type.Boolean(),
      scope: Type.Enum(['Cluster', 'Node'], { type: 'string' }),
      retainOrphan: Type.Boolean(),
      orphanGraceMs: Type.Integer({
        description: 'Milliseconds.',
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
      }),
      maxArchiveBytes: Type.Optional(positive('Bytes of one archive.')),
      maxAgeMs: Type.Optional(positive('Milliseconds.')),
      keepLast: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      groups: Type.Array(GroupLimitsSchema, { maxItems: 3 }),
    },
    { additionalProperties: false },
  ),
  [{ check: namesFitLevel }],
);

const NodeRuleSchema = Type.Object(
  {
    id,
    mode,
    maxTotalBytes: Type.Optional(positive('Bytes.')),
    minFree: Type.Optional(
      Type.Union([
        Type.Object(
          { percent: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 100 }) },
          { additionalProperties: false },
        ),
        Type.Object({ bytes: positive('Bytes.') }, { additionalProperties: false }),
      ]),
    ),
    maxIncompleteAgeMs: Type.Optional(positive('Milliseconds.')),
  },
  { additionalProperties: false },
);

/**
 * A compiled policy as it goes over the wire and onto an agent's disk. Limits are left out where they are off: 0 is refused,
 * because to a planner it would mean "keep none".
 */
export const CompiledPolicySchema = Type.Object(
  {
    rules: Type.Array(RuleSchema, { maxItems: MAX_RULES }),
    node: Type.Optional(NodeRuleSchema),
  },
  { additionalProperties: false, title: 'CompiledPolicy', description: 'What a node enforces.' },
);

const problemsOf = checkOf(CompiledPolicySchema);

/** The wire form of {@link Policy}. */
export type CompiledPolicy = Static<typeof CompiledPolicySchema>;

/**
 * Reads a compiled policy that came from outside this process.
 *
 * @throws AppError `CW_ERR_POLICY_INVALID` with every problem
 */
export function parseCompiledPolicy(value: unknown): Policy {
  const problems = problemsOf(value);
  if (problems.length > 0) {
    throw new AppError('CW_ERR_POLICY_INVALID', 'The compiled policy is not valid.', { problems });
  }
  return value as CompiledPolicy;
}
