import Type, { type Static } from 'typebox';
import { CompiledPolicySchema } from '../compiled-policy.ts';
import { messageFields } from './epoch.ts';
import { CLOSED } from './wire-fields.ts';

/** Body of `PUT /v1/policy`: the whole policy of this node. */
export const PolicyPushSchema = Type.Object(
  { ...messageFields, policy: CompiledPolicySchema },
  { ...CLOSED, title: 'PolicyPush', description: 'The whole policy of this node, compiled.' },
);
export type PolicyPush = Static<typeof PolicyPushSchema>;
