import Type from 'typebox';

/** A request has no other fields than these: a field that nobody reads would be a wish that nobody fulfils. */
export const CLOSED = { additionalProperties: false } as const;

/** A whole number from 0, or from `minimum`. */
export function whole(description: string, minimum = 0) {
  return Type.Integer({ description, minimum, maximum: Number.MAX_SAFE_INTEGER });
}

/** The name of a namespace, pod or container. Without `/`, which parts them in the key of a group. */
export function ownerName(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 253, pattern: '^[a-z0-9.-]+$' });
}

/** How many items of a list come at once, and where to go on. */
export const pageQuery = {
  limit: Type.Integer({ description: 'Items at once, at most.', minimum: 1, maximum: 5_000, default: 500 }),
  after: Type.Optional(
    Type.String({ description: 'Where to go on: `next` of the page before.', minLength: 1, maxLength: 600 }),
  ),
};

/** Where the next page begins. */
export const next = Type.Optional(
  Type.String({ description: 'Give this as `after` for the next page; absent on the last.' }),
);

/** Which archives an answer is about. */
export const InventoryVersion = Type.Object(
  {
    instance: Type.String({
      description: 'Another one after each start of the agent; revisions count from there.',
    }),
    revision: whole('Grows with every change of the archives.'),
  },
  { description: 'Two answers with the same version saw the same archives.' },
);

/** Archives and their bytes. */
export const Amount = Type.Object({ count: whole('Archives.'), bytes: whole('Their sizes, in bytes.') });
