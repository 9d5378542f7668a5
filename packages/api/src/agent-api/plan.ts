import { type DeleteReason, REASONS, type Reason } from '@checkpoint-warden/policy';
import Type, { type Static } from 'typebox';
import { CompiledPolicySchema } from '../compiled-policy.ts';
import { WireOwnerSchema } from './archives.ts';
import { UnreachableSchema } from './unreachable.ts';
import { Amount, CLOSED, InventoryVersion, next, pageQuery, whole } from './wire-fields.ts';
import { wireTime } from './wire-time.ts';

const ACTIONS = ['keep', 'delete'] as const;

const reasons = Object.keys(REASONS) as Reason[];
const isDeleteReason = (reason: Reason): reason is DeleteReason => REASONS[reason].action === 'delete';

/** Every reason for which archives are deleted. */
export const DELETE_REASONS: readonly DeleteReason[] = reasons.filter(isDeleteReason);

/** Why an archive is deleted. */
export const deleteReason = Type.Enum([...DELETE_REASONS], {
  type: 'string',
  description: 'Why an archive is deleted.',
});

/** Query of `GET /v1/plan` and `POST /v1/plan`. */
export const PlanQuerySchema = Type.Object(
  {
    action: Type.Optional(
      Type.Enum([...ACTIONS], { type: 'string', description: 'Only verdicts with this action.' }),
    ),
    ...pageQuery,
  },
  CLOSED,
);
export type PlanQuery = Static<typeof PlanQuerySchema>;

/** Body of `POST /v1/plan`. */
export const PlanRequestSchema = Type.Object(
  { policy: CompiledPolicySchema },
  { ...CLOSED, title: 'PlanRequest', description: 'A policy to try on the archives of the node.' },
);
export type PlanRequest = Static<typeof PlanRequestSchema>;

/** What a pass would do with one archive. */
export const WireVerdictSchema = Type.Object(
  {
    archive: Type.String({ description: 'File name in the checkpoint directory.' }),
    owner: Type.Optional(WireOwnerSchema),
    bytes: whole('Size of the file.'),
    action: Type.Enum([...ACTIONS], { type: 'string' }),
    reason: Type.Enum(reasons, { type: 'string', description: 'Why it is kept or deleted.' }),
    rule: Type.Optional(Type.String({ description: 'Id of the rule that decided; absent: none matches.' })),
    mode: Type.Enum(['Enforce', 'Audit'], {
      type: 'string',
      description: 'Audit: reported and not carried out.',
    }),
    group: Type.Optional(Type.String({ description: 'The group whose limit calls for the deletion.' })),
    held: Type.Optional(
      Type.Object(
        {
          by: Type.Enum(['keep-last', 'no-arrival', 'clock'], { type: 'string' }),
          reason: deleteReason,
        },
        { description: 'On a kept archive: the limit that called for it, and what held it back.' },
      ),
    ),
  },
  { title: 'Verdict', description: 'What a pass would do with one archive.' },
);
export type WireVerdict = Static<typeof WireVerdictSchema>;

const PlanSums = Type.Object(
  { keep: Amount, delete: Amount, audit: Amount },
  { description: 'Kept, deleted, and what Audit mode would delete.' },
);

/** Answer of `GET /v1/plan` and `POST /v1/plan`. */
export const PlanResponseSchema = Type.Object(
  {
    inventory: InventoryVersion,
    plannedAt: wireTime('The moment the plan is for.'),
    policyHash: Type.String({ description: 'SHA-256 of the compiled policy it is made from, hex.' }),
    verdicts: Type.Array(WireVerdictSchema, { description: 'By file name.' }),
    next,
    summary: Type.Object(
      {
        total: PlanSums,
        namespaces: Type.Array(
          Type.Object({
            namespace: Type.String({ description: 'Empty for archives whose owner is not known.' }),
            ...PlanSums.properties,
          }),
        ),
      },
      { description: 'Sums of the whole plan, whatever the page.' },
    ),
    unreachable: Type.Array(UnreachableSchema, {
      description: 'Limits that pins or keepLast stand against.',
    }),
    otherNodes: Type.Optional(
      Type.Array(Type.String(), { description: 'Nodes whose archives count in the same groups.' }),
    ),
  },
  { title: 'Plan', description: 'Every verdict over the archives of the node.' },
);
export type PlanResponse = Static<typeof PlanResponseSchema>;
