import { isDeepStrictEqual } from 'node:util';

/** One object of a store that is new, different or gone. */
export interface Change<S> {
  readonly key: string;
  /** `undefined`: it does not exist any more. */
  readonly next: S | undefined;
  /** `undefined`: it did not exist before. */
  readonly previous: S | undefined;
}

/** What a reflector keeps. See {@link createObjectStore}. */
export interface ObjectStore<S> {
  /** Always the same map; do not keep an iterator over it across an `await`. */
  readonly objects: ReadonlyMap<string, S>;
  /** @param next - `undefined` removes the object */
  set(key: string, next: S | undefined): readonly Change<S>[];
  /** Replaces all objects at once. */
  replace(next: ReadonlyMap<string, S>): readonly Change<S>[];
}

/**
 * Makes an empty store. Each write returns what it has changed in values: most events of a cluster are about fields that
 * nobody keeps here.
 */
export function createObjectStore<S>(): ObjectStore<S> {
  const objects = new Map<string, S>();

  const set = (key: string, next: S | undefined): Change<S> | undefined => {
    const previous = objects.get(key);
    // The old value stays in place, so that who holds on to it does not keep a second copy alive.
    if (isDeepStrictEqual(previous, next)) return undefined;
    if (next === undefined) objects.delete(key);
    else objects.set(key, next);
    return { key, next, previous };
  };

  return {
    objects,
    set: (key, next) => [set(key, next)].filter((change) => change !== undefined),
    replace(next) {
      const gone = [...objects.keys()].filter((key) => !next.has(key)).map((key) => set(key, undefined));
      const listed = [...next].map(([key, object]) => set(key, object));
      return [...gone, ...listed].filter((change) => change !== undefined);
    },
  };
}
