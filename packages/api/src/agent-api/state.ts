import Type, { type Static, type TProperties } from 'typebox';
import { EpochSchema } from './epoch.ts';
import { deleteReason } from './plan.ts';
import { RemoteArchivesInForceSchema } from './remote-archives.ts';
import { UnreachableSchema } from './unreachable.ts';
import { Amount, InventoryVersion, whole } from './wire-fields.ts';
import { wireTime } from './wire-time.ts';

/** The policy that an agent enforces. */
export const PolicyInForceSchema = Type.Object(
  {
    source: Type.Enum(['none', 'file', 'controller'], {
      type: 'string',
      description: 'none: there is no policy, so nothing is deleted.',
    }),
    epoch: Type.Optional(EpochSchema),
    revision: whole('From the controller with its epoch; with a file, how often it changed since the start.'),
    hash: Type.String({
      description: 'SHA-256 of the compiled policy, hex: equal where the same is enforced.',
    }),
  },
  { title: 'PolicyInForce', description: 'The policy in force and where it came from.' },
);
export type WirePolicyInForce = Static<typeof PolicyInForceSchema>;

/** The owner states that an agent was told. */
export const OwnersInForceSchema = Type.Object(
  { epoch: EpochSchema, revision: whole('Of the message that told them.') },
  {
    title: 'OwnersInForce',
    description:
      'The last word on owners, before the start of the agent or since. It is acted on until 30 s after the moment that it is as of, and not after a start.',
  },
);
export type WireOwnersInForce = Static<typeof OwnersInForceSchema>;

/** The most entries of a list by policy object and reason: far more than any node has. */
export const MAX_POLICY_SUMS = 1_000;

const policySum = {
  policy: Type.String({ description: 'Name of the policy object whose rule decided.' }),
  reason: deleteReason,
  ...Amount.properties,
};

/** Sums over some archives by the policy object and the reason that calls for their deletion. */
function policySums<T extends TProperties>(description: string, more: T) {
  return Type.Array(Type.Object({ ...policySum, ...more }), {
    description: `${description} By policy object and reason, at most ${MAX_POLICY_SUMS} of them.`,
    maxItems: MAX_POLICY_SUMS,
  });
}

/** Answer of `GET /v1/state`. */
export const StateSchema = Type.Object(
  {
    node: Type.String({ description: 'Name of the node.' }),
    ready: Type.Boolean({
      description: 'Whether the archives are known: a scan is done and the directory can be read.',
    }),
    policy: PolicyInForceSchema,
    owners: Type.Optional(OwnersInForceSchema),
    remoteArchives: Type.Optional(RemoteArchivesInForceSchema),
    groups: Type.Optional(
      Type.String({
        description:
          'Another text whenever `GET /v1/groups` would answer otherwise; absent where it names no group.',
        maxLength: 64,
      }),
    ),
    inventory: InventoryVersion,
    archives: Type.Object(
      {
        ...Amount.properties,
        states: Type.Object(
          {
            complete: Amount,
            pinned: Amount,
            writing: Amount,
            incomplete: Amount,
            unattributed: Amount,
          },
          { description: 'Each archive counts once; a pinned one as pinned, whatever else it is.' },
        ),
        oldestAt: Type.Optional(wireTime('Time in the name of the oldest complete archive.')),
      },
      { description: 'Sums over the archives on the node.' },
    ),
    lastScan: Type.Optional(
      Type.Object(
        { finishedAt: wireTime('When it ended.'), durationMs: whole('How long it took, in milliseconds.') },
        { description: 'The last full scan, and the pass that followed it.' },
      ),
    ),
    auditSeq: whole(
      'Sequence number of the last entry of the audit log; 0: none. Lower than one that was read before: the log was lost, read it again from 0.',
    ),
    dueGroups: whole('Groups in which an arrival still waits for its limits to hold.'),
    retrying: whole('Archives whose deletion failed and will be tried again.'),
    failing: policySums('The archives behind `retrying`.', {}),
    deleted: policySums(
      'What was deleted since the state directory was made; goes down only where the audit log and these sums are both lost.',
      { lastAt: wireTime('When the last of them was deleted.') },
    ),
    wouldDelete: policySums(
      'What rules in Audit mode call for, as of the last full scan; also where in Enforce mode the next arrival in the group would be waited for.',
      {},
    ),
    clock: Type.Object(
      {
        trusted: Type.Boolean({ description: 'false: nothing goes by age for the time being.' }),
        why: Type.Optional(Type.String({ description: 'Why it is not trusted.' })),
      },
      { description: 'Whether the agent trusts its wall clock.' },
    ),
    unreachable: Type.Object(
      {
        count: whole('All of them.'),
        limits: Type.Array(UnreachableSchema, { maxItems: 100, description: 'The first 100.' }),
      },
      { description: 'Limits that pins or keepLast stand against.' },
    ),
  },
  { title: 'State', description: 'What an agent enforces and how that goes.' },
);
export type State = Static<typeof StateSchema>;
