import Type, { type Static } from 'typebox';

const whole = (description: string) => Type.Integer({ description, format: 'int64', minimum: 0 });
const whenever = (description: string) => Type.String({ description, format: 'date-time' });

const ConditionSchema = Type.Object(
  {
    type: Type.String({
      description:
        'Accepted: valid and without conflict. Enforced: every ready agent has this revision. Degraded: agents unreachable, deletions failing or limits unreachable.',
      minLength: 1,
      maxLength: 316,
    }),
    status: Type.Enum(['True', 'False', 'Unknown'], {
      type: 'string',
      description: 'Whether the condition holds.',
    }),
    observedGeneration: Type.Optional(whole('The generation of the policy that the condition is about.')),
    lastTransitionTime: whenever('When the status last changed.'),
    reason: Type.String({ description: 'One word for programs.', minLength: 1, maxLength: 1024 }),
    message: Type.String({ description: 'What a person should know.', maxLength: 32_768 }),
  },
  { description: 'One condition of the policy.' },
);

/** `status` of a CheckpointRetentionPolicy, written by the controller only. */
export const PolicyStatusSchema = Type.Object(
  {
    observedGeneration: Type.Optional(whole('The generation of the spec that the status is about.')),
    conditions: Type.Optional(
      Type.Array(ConditionSchema, {
        description: 'Accepted, Enforced and Degraded.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      }),
    ),
    nodes: Type.Optional(
      Type.Object(
        {
          desired: whole('Nodes on which the policy applies and an agent runs, or should.'),
          ready: whole('Those whose agent answers.'),
          current: whole('Those whose agent enforces this generation.'),
        },
        { description: 'The nodes of the policy.' },
      ),
    ),
    archives: Type.Optional(
      Type.Object(
        {
          count: whole('Archives on those nodes.'),
          bytes: whole('Their size together, in bytes.'),
          size: Type.Optional(Type.String({ description: 'The same for people, e.g. 1.4 GiB.' })),
          pinned: whole('Archives with a .keep file.'),
          incomplete: whole('Truncated archives and those still being written.'),
          unattributed: whole('Archives whose owner cannot be told for certain.'),
          orphaned: whole('Archives whose pod or container is confirmed gone.'),
        },
        { description: 'What lies on the nodes of the policy, as last reported.' },
      ),
    ),
    deleted: Type.Optional(
      Type.Object(
        {
          count: whole('Archives deleted under the policy.'),
          bytes: whole('Their size together, in bytes.'),
          size: Type.Optional(Type.String({ description: 'The same for people, e.g. 1.4 GiB.' })),
          lastTime: Type.Optional(whenever('When the last of them was deleted.')),
        },
        { description: 'What agents have deleted under a policy of this name.' },
      ),
    ),
  },
  { description: 'What the controller last saw. Written by the controller only.' },
);

export type PolicyStatus = Static<typeof PolicyStatusSchema>;
export type PolicyCondition = Static<typeof ConditionSchema>;
