import fc from 'fast-check';
import type { Archive, ArchiveState, Owner } from '../types.ts';

/** The names are few, so that archives meet in groups, and easily confused: `a` and `b-c` join like `a-b` and `c`. */
export const NAMESPACES = ['a', 'a-b', 'b'] as const;
export const PODS = ['p', 'p-a'] as const;
export const CONTAINERS = ['c', 'b-c'] as const;

/** One of the few containers that {@link archives} come from; most are of one pod, so that its groups fill. */
export const owners: fc.Arbitrary<Owner> = fc.record({
  namespace: fc.constantFrom('a', 'a', 'a', ...NAMESPACES),
  pod: fc.constantFrom('p', 'p', ...PODS),
  container: fc.constantFrom('c', ...CONTAINERS),
});

const states: fc.Arbitrary<ArchiveState> = fc.oneof(
  { weight: 12, arbitrary: fc.constant('complete' as const) },
  { weight: 2, arbitrary: fc.constant('incomplete' as const) },
  { weight: 1, arbitrary: fc.constant('writing' as const) },
);

/** `true` once in `n`. */
function oneIn(n: number): fc.Arbitrary<boolean> {
  return fc.nat(n - 1).map((drawn) => drawn === n - 1);
}

/**
 * Up to `maxLength` archives on the given nodes, rich in collisions: few owners, few and equal times, some in the future
 * of `nowMs` (the name's, the mtime, or both), small sizes, also 0. File names are unique on their node.
 */
export function archives(shape: {
  readonly nodes: readonly string[];
  readonly maxLength: number;
  readonly nowMs: number;
}): fc.Arbitrary<Archive[]> {
  const times = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -12, max: 0 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  );
  const archive = fc
    .record({
      number: fc.nat(99),
      node: fc.constantFrom(...shape.nodes),
      sizeBytes: fc.integer({ min: 0, max: 9 }),
      created: times,
      // The mtime is mostly the moment of the name, or a little later.
      changed: fc.oneof({ weight: 2, arbitrary: fc.constantFrom(0, 0, 1) }, { weight: 1, arbitrary: times }),
      state: states,
      owner: fc.option(owners, { nil: undefined, freq: 15 }),
      pinned: oneIn(15),
    })
    .map(({ number, created, changed, ...rest }): Archive => {
      const createdAtMs = shape.nowMs + created;
      const mtimeMs = changed > 0 ? createdAtMs + changed : changed < 0 ? shape.nowMs + changed : createdAtMs;
      return { ...rest, name: `archive-${String(number).padStart(2, '0')}.tar`, createdAtMs, mtimeMs };
    });
  return fc.uniqueArray(archive, {
    maxLength: shape.maxLength,
    size: 'max',
    selector: ({ node, name }) => `${node}/${name}`,
  });
}
