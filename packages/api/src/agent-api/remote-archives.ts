import Type, { type Static } from 'typebox';
import { EpochSchema, messageFields } from './epoch.ts';
import { dueKeys, GroupArchiveSchema, groupKeyText, MAX_NEWEST, ruleHashText } from './groups.ts';
import { momentText } from './moment.ts';
import { CLOSED, whole } from './wire-fields.ts';

/** How long facts about archives on other nodes count, from the moment that they are as of, in ms (docs/explanation/retention.md). */
export const REMOTE_ARCHIVES_FRESH_MS = 60_000;

/** The header of `GET /v1/state` that says that the remote archives told before are still right: see `formatConfirmation`. */
export const CONFIRMS_HEADER = 'checkpoint-warden-confirms';

const asOf = momentText(
  'A moment that this agent gave: `checkpoint-warden-moment` of an answer of `GET /v1/state`. The facts count until 60 s after it, less `olderMs`.',
);
const olderMs = whole(
  'How much longer ago than that moment the first of the nodes was asked, in milliseconds.',
);

/** The archives of one group, wherever they lie. */
export const RemoteGroupSchema = Type.Object(
  {
    group: groupKeyText,
    rule: ruleHashText,
    due: dueKeys,
    nodes: Type.Array(
      Type.Object(
        {
          node: Type.String({ description: 'Node that holds them.', minLength: 1, maxLength: 253 }),
          archives: Type.Array(GroupArchiveSchema, { maxItems: MAX_NEWEST, description: 'Newest first.' }),
        },
        CLOSED,
      ),
      {
        description:
          'The newest archives of the group, as many as its limits can use. Those of this node itself are passed over.',
      },
    ),
  },
  { ...CLOSED, title: 'RemoteGroup', description: 'A group that lies on several nodes.' },
);
export type RemoteGroup = Static<typeof RemoteGroupSchema>;

/** Body of `PUT /v1/remote-archives`: all groups of the node that lie on other nodes as well. */
export const RemoteArchivesPushSchema = Type.Object(
  {
    ...messageFields,
    asOf,
    olderMs,
    groups: Type.Array(RemoteGroupSchema, {
      maxItems: 100_000,
      description: 'All of them, or with `changes` those that are other than before.',
    }),
    changes: Type.Optional(
      Type.Object(
        {
          of: whole(
            'Revision, in this epoch, of the message that this one changes. An agent that holds another one refuses.',
            1,
          ),
          gone: Type.Array(Type.Object({ group: groupKeyText, rule: ruleHashText }, CLOSED), {
            maxItems: 100_000,
            description: 'Groups of that message that are in it no more.',
          }),
        },
        { ...CLOSED, description: 'Absent: `groups` replaces all that was said before.' },
      ),
    ),
  },
  {
    ...CLOSED,
    title: 'RemoteArchivesPush',
    description:
      'The newest archives of the groups of this node, wherever they lie, as a whole. Facts, not orders.',
  },
);
export type RemoteArchivesPush = Static<typeof RemoteArchivesPushSchema>;

/** What tells a group of a message from the others in it. */
export function remoteGroupName({ group, rule }: Pick<RemoteGroup, 'group' | 'rule'>): string {
  return `${group} ${rule}`;
}

/** All groups after a message that says which of those before have changed. */
export function changedGroups(
  before: readonly RemoteGroup[],
  { groups, changes }: Pick<RemoteArchivesPush, 'groups' | 'changes'>,
): RemoteGroup[] {
  const all = new Map(before.map((group) => [remoteGroupName(group), group]));
  for (const gone of changes?.gone ?? []) all.delete(remoteGroupName(gone));
  for (const group of groups) all.set(remoteGroupName(group), group);
  return [...all.values()];
}

/** The remote archives that an agent was told of. */
export const RemoteArchivesInForceSchema = Type.Object(
  { epoch: EpochSchema, revision: whole('Of the message that told of them.') },
  {
    title: 'RemoteArchivesInForce',
    description: 'The last word on remote archives since the start of the agent; a start forgets them.',
  },
);
export type WireRemoteArchivesInForce = Static<typeof RemoteArchivesInForceSchema>;

/** What {@link CONFIRMS_HEADER} says. */
export interface Confirmation {
  readonly epoch: { readonly leaseCreatedMs: number; readonly leaseTransitions: number };
  readonly revision: number;
  /** A moment of the agent's, as in `RemoteArchivesPush.asOf`. */
  readonly asOf: string;
  readonly olderMs: number;
}

const FORM = /^(\d{1,16})\.(\d{1,16})\/(\d{1,16}) (\S{1,128}) (\d{1,16})$/;

/** @example formatConfirmation({ epoch: { leaseCreatedMs: 1, leaseTransitions: 2 }, revision: 3, asOf: 'a/4', olderMs: 5 }) // '1.2/3 a/4 5' */
export function formatConfirmation({ epoch, revision, asOf, olderMs }: Confirmation): string {
  return `${epoch.leaseCreatedMs}.${epoch.leaseTransitions}/${revision} ${asOf} ${olderMs}`;
}

/** @returns `undefined` for a text of another form */
export function parseConfirmation(text: string): Confirmation | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, leaseCreatedMs, leaseTransitions, revision, asOf = '', olderMs] = match;
  return {
    epoch: { leaseCreatedMs: Number(leaseCreatedMs), leaseTransitions: Number(leaseTransitions) },
    revision: Number(revision),
    asOf,
    olderMs: Number(olderMs),
  };
}
