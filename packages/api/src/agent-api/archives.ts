import Type, { type Static } from 'typebox';
import { CLOSED, InventoryVersion, next, ownerName, pageQuery, whole } from './wire-fields.ts';
import { wireTime } from './wire-time.ts';

/** What an archive can be, on the wire. */
const WIRE_ARCHIVE_STATES = ['complete', 'writing', 'incomplete', 'unattributed'] as const;

const state = Type.Enum([...WIRE_ARCHIVE_STATES], {
  type: 'string',
  description:
    'complete; writing: not complete and changed lately; incomplete: a leftover; unattributed: nothing inside agrees with its name.',
});

/** Query of `GET /v1/archives`. Every field narrows the answer down. */
export const ArchivesQuerySchema = Type.Object(
  {
    namespace: Type.Optional(ownerName('Only archives of this namespace.')),
    pod: Type.Optional(ownerName('Only archives of pods of this name.')),
    container: Type.Optional(ownerName('Only archives of containers of this name.')),
    state: Type.Optional(state),
    pinned: Type.Optional(
      Type.Boolean({ description: 'Only those with a .keep file, or only those without.' }),
    ),
    ...pageQuery,
  },
  CLOSED,
);
export type ArchivesQuery = Static<typeof ArchivesQuerySchema>;

/** The owner of an archive. */
export const WireOwnerSchema = Type.Object(
  {
    namespace: Type.String(),
    pod: Type.String(),
    container: Type.String(),
    podUid: Type.Optional(Type.String({ description: 'Where the archive tells it.' })),
  },
  { title: 'Owner', description: 'What an archive was taken from.' },
);

/** One archive on the node. */
export const WireArchiveSchema = Type.Object(
  {
    archive: Type.String({ description: 'File name in the checkpoint directory.' }),
    owner: Type.Optional(WireOwnerSchema),
    bytes: whole('Size of the file.'),
    createdAt: wireTime('Time in the file name.'),
    modifiedAt: wireTime('Modification time of the file.'),
    state,
    why: Type.String({ description: 'For people: what reading it showed.' }),
    pinned: Type.Boolean({ description: 'Whether a .keep file stands beside it.' }),
  },
  { title: 'Archive', description: 'One archive on the node.' },
);
export type WireArchive = Static<typeof WireArchiveSchema>;

/** Answer of `GET /v1/archives`. */
export const ArchivesPageSchema = Type.Object(
  {
    inventory: InventoryVersion,
    archives: Type.Array(WireArchiveSchema, { description: 'By file name.' }),
    next,
  },
  { title: 'ArchivesPage', description: 'Archives on the node.' },
);
export type ArchivesPage = Static<typeof ArchivesPageSchema>;
