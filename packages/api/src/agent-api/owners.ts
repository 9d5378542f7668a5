import Type, { type Static } from 'typebox';
import { refined } from '../schema-rule.ts';
import { messageFields } from './epoch.ts';
import { momentText } from './moment.ts';
import { CLOSED, InventoryVersion, next, ownerName, pageQuery, whole } from './wire-fields.ts';
import { fromWireTime, wireTime } from './wire-time.ts';

const ownerFields = {
  namespace: ownerName('Namespace of the pod.'),
  pod: ownerName('Name of the pod.'),
  container: ownerName('Name of the container.'),
};

/** Query of `GET /v1/owners`. */
export const OwnersQuerySchema = Type.Object(pageQuery, CLOSED);
export type OwnersQuery = Static<typeof OwnersQuerySchema>;

/** Answer of `GET /v1/owners`. */
export const OwnersPageSchema = Type.Object(
  {
    inventory: InventoryVersion,
    owners: Type.Array(
      Type.Object({
        ...ownerFields,
        podUids: Type.Array(Type.String(), {
          description: 'UIDs of the pods of that name, where archives tell them; sorted.',
        }),
        archives: whole('How many archives it has here.', 1),
        bytes: whole('Their sizes together, in bytes.'),
      }),
      { description: 'By namespace, pod and container.' },
    ),
    next,
  },
  { title: 'OwnersPage', description: 'What the archives on the node were taken from.' },
);
export type OwnersPage = Static<typeof OwnersPageSchema>;

/** One owner that is gone. By the controller's clock alone, so that the span between its two times is right. */
const AbsentOwnerSchema = refined(
  Type.Object(
    {
      ...ownerFields,
      absentSince: wireTime('When its absence was first confirmed by a live GET.'),
      confirmedAt: wireTime('When it was last confirmed so, not before absentSince.'),
    },
    { ...CLOSED, title: 'AbsentOwner', description: 'A pod or container that does not exist any more.' },
  ),
  [{ check: refuseNegativeSpan }],
);

/** Body of `PUT /v1/owners`: all owners that are gone; every other one is not known to be. */
export const OwnersPushSchema = Type.Object(
  {
    ...messageFields,
    asOf: momentText(
      'A moment that this agent gave before the API server was asked about the owners: `checkpoint-warden-moment` of an answer of `GET /v1/state`. The facts are acted on until 30 s after it.',
    ),
    absent: refined(
      Type.Array(AbsentOwnerSchema, {
        maxItems: 100_000,
        description: 'Each owner once. Replaces what was said before.',
      }),
      [{ check: refuseRepeatedOwner }],
    ),
  },
  { ...CLOSED, title: 'OwnersPush', description: 'Which owners are confirmed gone, as a whole.' },
);
export type OwnersPush = Static<typeof OwnersPushSchema>;

function refuseNegativeSpan(value: unknown) {
  const { absentSince, confirmedAt } = (value ?? {}) as Partial<Record<string, unknown>>;
  const spanMs = fromWireTime(String(confirmedAt)) - fromWireTime(String(absentSince));
  return spanMs < 0
    ? { message: 'confirmedAt lies before absentSince', remedy: 'take both from the controller’s clock' }
    : undefined;
}

function refuseRepeatedOwner(value: unknown) {
  if (!Array.isArray(value)) return undefined;
  const seen = new Set<string>();
  for (const owner of value) {
    const key = `${owner?.namespace}/${owner?.pod}/${owner?.container}`;
    if (seen.has(key)) return { message: `${key} is in it more than once`, remedy: 'name each owner once' };
    seen.add(key);
  }
  return undefined;
}
