import Type, { type Static } from 'typebox';
import { CLOSED, whole } from './wire-fields.ts';
import { wireTime } from './wire-time.ts';

/** Which leader speaks. A later one outranks all before it. */
export const EpochSchema = Type.Object(
  {
    leaseCreated: wireTime('Creation time of the leader election’s Lease; the later one is the newer.'),
    leaseTransitions: whole('How often that Lease has changed hands; decides between equal creation times.'),
  },
  { ...CLOSED, title: 'Epoch', description: 'Which leader speaks. A later one outranks all before it.' },
);
export type WireEpoch = Static<typeof EpochSchema>;

/** What every message of the controller says about itself. */
export const messageFields = {
  node: Type.String({
    description:
      'Name of the node that it is for; the agent of another one refuses it. Addresses may be given to another pod.',
    minLength: 1,
    maxLength: 253,
  }),
  epoch: EpochSchema,
  revision: whole(
    'Place of this message among those of its kind in its epoch; a newer state has a higher one.',
    1,
  ),
  sentAt: wireTime('The controller’s wall clock as it sent this; the agent compares its own with it.'),
};
