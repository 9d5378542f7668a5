import Type, { type Static } from 'typebox';
import { CLOSED, InventoryVersion, next, ownerName, pageQuery, whole } from './wire-fields.ts';

/** The most archives of one group that an agent names, and is told of. Limits that look further count no more than these. */
export const MAX_NEWEST = 2_000;
/** The most groups whose newest archives are asked for at once. */
export const MAX_GROUPS_ASKED = 200;

export const groupKeyText = Type.String({
  description: '`namespace`, `namespace/pod` or `namespace/pod/container`.',
  minLength: 1,
  maxLength: 400,
  pattern: '^[a-z0-9.-]+(/[a-z0-9.-]+){0,2}$',
});

export const ruleHashText = Type.String({
  description:
    'What tells the rule that governs the group from every other one: see `ruleHashesIn`. 16 hex digits.',
  pattern: '^[0-9a-f]{16}$',
});

const groupName = { group: groupKeyText, rule: ruleHashText };

const version = Type.String({
  description: 'Another text whenever the newest archives of the group, or whether it is due, are others.',
  minLength: 1,
  maxLength: 64,
});

/** Query of `GET /v1/groups`. */
export const GroupsQuerySchema = Type.Object(pageQuery, CLOSED);
export type GroupsQuery = Static<typeof GroupsQuerySchema>;

/** Answer of `GET /v1/groups`. */
export const GroupsPageSchema = Type.Object(
  {
    inventory: InventoryVersion,
    version: Type.String({ description: 'As `groups` of the state: of all groups together.' }),
    groups: Type.Array(
      Type.Object({
        ...groupName,
        count: whole('Archives of it on the node that count against its limits.', 1),
        bytes: whole('Their sizes together, in bytes.'),
        version,
      }),
      {
        description:
          'Groups under rules of the scope Cluster that limit them by count or total size, and containers under a keepLast.',
      },
    ),
    next,
  },
  {
    title: 'GroupsPage',
    description: 'Figures of the groups in which archives of other nodes could matter.',
  },
);
export type GroupsPage = Static<typeof GroupsPageSchema>;

/** One archive as a fact about its node. */
export const GroupArchiveSchema = Type.Object(
  {
    name: Type.String({ description: 'File name, unique on its node.', minLength: 1, maxLength: 255 }),
    pod: ownerName('Its pod.'),
    container: ownerName('Its container.'),
    bytes: whole('Size of the file.'),
    countsAsMs: Type.Integer({ description: 'The time it counts as of, Unix ms.' }),
    mtimeMs: Type.Integer({ description: 'Modification time, Unix ms, rounded down.' }),
  },
  { ...CLOSED, title: 'GroupArchive', description: 'A complete archive that is not pinned.' },
);
export type GroupArchive = Static<typeof GroupArchiveSchema>;

export const dueKeys = Type.Array(groupKeyText, {
  maxItems: 3 * MAX_NEWEST,
  description:
    'Of this group and the narrower ones of its archives: those in which something has arrived under this very rule, so that its limits act.',
});

/** Body of `POST /v1/groups`: whose newest archives are asked for. */
export const NewestRequestSchema = Type.Object(
  { groups: Type.Array(Type.Object(groupName, CLOSED), { minItems: 1, maxItems: MAX_GROUPS_ASKED }) },
  { ...CLOSED, title: 'NewestRequest', description: 'Groups whose newest archives are asked for.' },
);
export type NewestRequest = Static<typeof NewestRequestSchema>;

/** Answer of `POST /v1/groups`. */
export const NewestAnswerSchema = Type.Object(
  {
    inventory: InventoryVersion,
    groups: Type.Array(
      Type.Object({
        ...groupName,
        version,
        due: dueKeys,
        archives: Type.Array(GroupArchiveSchema, {
          maxItems: MAX_NEWEST,
          description: 'The newest, newest first: as many as the limits can use.',
        }),
      }),
      { description: 'Those of the groups asked for that there still are.' },
    ),
  },
  { title: 'NewestAnswer', description: 'The newest archives of groups on this node.' },
);
export type NewestAnswer = Static<typeof NewestAnswerSchema>;
