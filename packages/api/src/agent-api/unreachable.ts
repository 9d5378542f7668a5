import Type from 'typebox';
import { whole } from './wire-fields.ts';

/** A limit that pins or `keepLast` stand against. */
export const UnreachableSchema = Type.Object(
  {
    limit: Type.Enum(['maxCheckpoints', 'maxTotalSize', 'nodeMaxTotalSize', 'minFreeSpace'], {
      type: 'string',
    }),
    rule: Type.String({ description: 'Id of the rule that sets it: `<policy object>/<path>`.' }),
    mode: Type.Enum(['Enforce', 'Audit'], { type: 'string' }),
    group: Type.Optional(
      Type.String({ description: '`ns`, `ns/pod` or `ns/pod/container`; absent for the node’s own.' }),
    ),
    excess: whole('How far the limit is missed: archives for maxCheckpoints, bytes for all others.'),
  },
  { title: 'UnreachableLimit', description: 'A limit that pins or keepLast stand against.' },
);
