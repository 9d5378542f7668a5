import Type, { type Static } from 'typebox';
import { WireOwnerSchema } from './archives.ts';
import { deleteReason } from './plan.ts';
import { CLOSED, whole } from './wire-fields.ts';

/** Query of `GET /v1/deletions`. */
export const DeletionsQuerySchema = Type.Object(
  {
    after: Type.Integer({
      description: 'Only entries with a higher sequence number.',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 0,
    }),
    limit: Type.Integer({
      description: 'Entries at once, at most.',
      minimum: 1,
      maximum: 5_000,
      default: 500,
    }),
  },
  CLOSED,
);

const recorded = {
  seq: whole('Goes up by one with each entry, over restarts; after damage it may leave numbers out.', 1),
  time: Type.String({ description: 'When it was written.', format: 'date-time' }),
};

/** Written before a deletion. */
const DeletionIntentSchema = Type.Object(
  {
    ...recorded,
    kind: Type.Literal('intent'),
    archive: Type.String({ description: 'File name in the checkpoint directory.' }),
    node: Type.String(),
    owner: Type.Optional(WireOwnerSchema),
    bytes: whole('Size of the file.'),
    fileId: Type.String({ description: 'Device, inode, size and mtime of the file.' }),
    reason: deleteReason,
    rule: Type.String({ description: 'Id of the rule that decided.' }),
    policy: Type.Object(
      {
        source: Type.String({ description: 'file or controller.' }),
        epoch: Type.Optional(Type.String({ description: 'Of the controller that gave it.' })),
        revision: whole('Its revision.'),
        hash: Type.String({ description: 'SHA-256 of the compiled policy, hex.' }),
      },
      { description: 'The policy in force then.' },
    ),
    mode: Type.Enum(['Enforce', 'Audit'], { type: 'string' }),
    outcome: Type.Optional(
      Type.Literal('unknown', { description: 'What became of it has not been written, yet or at all.' }),
    ),
  },
  { title: 'DeletionIntent', description: 'An archive is about to be deleted.' },
);

/** Written after it. */
const DeletionOutcomeSchema = Type.Object(
  {
    ...recorded,
    kind: Type.Literal('outcome'),
    intent: whole('Sequence number of the intent.', 1),
    result: Type.Enum(['deleted', 'already-gone', 'changed', 'pinned', 'failed'], {
      type: 'string',
      description: 'Only deleted removed something.',
    }),
    error: Type.Optional(Type.String({ description: 'What the system said.' })),
  },
  { title: 'DeletionOutcome', description: 'What became of an intent.' },
);

/** Answer of `GET /v1/deletions`. */
export const DeletionsPageSchema = Type.Object(
  {
    entries: Type.Array(Type.Union([DeletionIntentSchema, DeletionOutcomeSchema]), {
      description: 'By sequence number.',
    }),
    next: Type.Optional(
      whole('Give this as `after` for the next page; absent when there is no more for now.'),
    ),
  },
  { title: 'DeletionsPage', description: 'A part of the node’s audit log.' },
);
export type DeletionsPage = Static<typeof DeletionsPageSchema>;
