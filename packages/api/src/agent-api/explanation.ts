import Type, { type Static } from 'typebox';
import { WireArchiveSchema } from './archives.ts';
import { WireVerdictSchema } from './plan.ts';
import { wireTime } from './wire-time.ts';

/** Path of `GET /v1/archives/{archive}/explanation`. */
export const ExplanationParamsSchema = Type.Object({
  archive: Type.String({ description: 'File name of the archive.', minLength: 1, maxLength: 255 }),
});

/** Answer of `GET /v1/archives/{archive}/explanation`. */
export const ExplanationSchema = Type.Object(
  {
    archive: WireArchiveSchema,
    verdict: WireVerdictSchema,
    countsAs: Type.Optional(
      wireTime('The time it counts as of; absent when name and mtime lie in the future.'),
    ),
    governing: Type.Optional(
      Type.String({ description: 'Id of the one rule that governs it; absent: none matches.' }),
    ),
    lost: Type.Array(
      Type.Object({
        rule: Type.String({ description: 'Id of the rule.' }),
        why: Type.String({ description: 'For people.' }),
      }),
      { description: 'Rules that match as well.' },
    ),
    limits: Type.Array(
      Type.Object({
        limit: Type.Enum(
          [
            'retainOrphan',
            'maxCheckpointAge',
            'maxCheckpointSize',
            'maxCheckpoints',
            'maxTotalSize',
            'keepLast',
            'nodePolicy.maxTotalSize',
            'nodePolicy.minFreeSpace',
          ],
          { type: 'string', description: 'The field of the custom resource that sets it.' },
        ),
        group: Type.Optional(Type.String({ description: '`ns`, `ns/pod` or `ns/pod/container`.' })),
        calls: Type.Boolean({
          description: 'Whether it calls for the deletion; keepLast: whether it protects it.',
        }),
        text: Type.String({ description: 'For people.' }),
      }),
      { description: 'What each limit says of it.' },
    ),
    otherNodes: Type.Array(Type.String(), { description: 'Nodes that hold archives of the same groups.' }),
    toChange: Type.Array(Type.String(), {
      description: 'For people: what would have to change for it to go or stay.',
    }),
  },
  { title: 'Explanation', description: 'Everything that decides over one archive.' },
);
export type WireExplanation = Static<typeof ExplanationSchema>;
