import { type GroupArchive, MAX_NEWEST } from '@checkpoint-warden/api';
import { compareNewestFirst, countThatMatter, type GroupReach } from '@checkpoint-warden/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeNewest, type NodeNewest } from './merge-newest.ts';

const NAME = { group: 'shop', rule: '0123456789abcdef' };

/** What has one name on several nodes is a copy, as large and as old, that was made at another time. */
const files = fc.array(
  fc.record({
    pod: fc.constantFrom('web-0', 'web-1'),
    container: fc.constantFrom('app', 'log'),
    bytes: fc.integer({ min: 0, max: 100 }),
    countsAsMs: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 40, maxLength: 40 },
);
const held = fc.uniqueArray(fc.record({ number: fc.nat(39), mtimeMs: fc.integer({ min: 0, max: 2 }) }), {
  maxLength: 12,
  selector: ({ number }) => number,
});
const limit = (max: number) => fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max }));
const reach: fc.Arbitrary<GroupReach> = fc.record({
  maxCount: limit(12),
  maxTotalBytes: limit(600),
  keepLast: fc.integer({ min: 0, max: 4 }),
});
const dueKeys = fc.subarray([
  'shop',
  'shop/web-0',
  'shop/web-1',
  'shop/web-0/app',
  'shop/web-1/log',
  'other',
]);
const lists: fc.Arbitrary<NodeNewest[]> = fc
  .tuple(files, fc.array(fc.record({ archives: held, due: dueKeys }), { maxLength: 6 }))
  .map(([all, nodes]) =>
    nodes.map(({ archives, due }, index) => {
      const named = archives.flatMap(({ number, mtimeMs }): GroupArchive[] =>
        all.slice(number, number + 1).map((file) => ({ ...file, mtimeMs, name: `checkpoint-${number}.tar` })),
      );
      return {
        node: `node-${index}`,
        due,
        archives: inOrder([{ node: '', archives: named, due }]).map(({ archive }) => archive),
      };
    }),
  );

/** All archives of some lists, by the planner's own order. */
function inOrder(all: readonly NodeNewest[]): { node: string; archive: GroupArchive }[] {
  return all
    .flatMap(({ node, archives }) => archives.map((each) => ({ node, archive: each })))
    .map(({ node, archive: { name, bytes, mtimeMs, countsAsMs }, archive: original }) => ({
      node,
      original,
      timeMs: countsAsMs,
      archive: {
        name,
        node,
        sizeBytes: bytes,
        mtimeMs,
        createdAtMs: countsAsMs,
        state: 'complete' as const,
        owner: undefined,
        pinned: false,
      },
    }))
    .sort(compareNewestFirst)
    .map(({ node, original }) => ({ node, archive: original }));
}

/** The same by the obvious way: all of it in order, and what matters of that. */
function newestOf(all: readonly NodeNewest[], within: GroupReach) {
  const ordered = inOrder(all).filter(
    (each, at, whole) => whole.findIndex((other) => other.archive.name === each.archive.name) === at,
  );
  const sizes = ordered.map((each) => each.archive.bytes);
  return ordered.slice(0, Math.min(MAX_NEWEST, countThatMatter(sizes, within)));
}

function cut(list: NodeNewest, within: GroupReach): NodeNewest {
  return { ...list, archives: newestOf([list], within).map((each) => each.archive) };
}

function archivesOf({ group }: ReturnType<typeof mergeNewest>) {
  return inOrder(group.nodes.map((node) => ({ ...node, due: [] })));
}

const nowhere = () => false;

describe('one list of what several nodes say of a group', () => {
  it('has the newest of all, though each node has told the newest of its own alone', () => {
    fc.assert(
      fc.property(lists, reach, (all, within) => {
        const merged = mergeNewest(
          NAME,
          all.map((list) => cut(list, within)),
          within,
          nowhere,
        );
        expect(archivesOf(merged)).toEqual(newestOf(all, within));
        for (const { archives, node } of merged.group.nodes)
          expect(archives).toEqual(inOrder([{ node, archives, due: [] }]).map((each) => each.archive));
      }),
    );
  });

  it('is the same in whatever order the nodes are, and made again from itself', () => {
    fc.assert(
      fc.property(
        lists.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        reach,
        ([all, shuffled], within) => {
          const { group } = mergeNewest(NAME, all, within, nowhere);
          expect(mergeNewest(NAME, shuffled, within, nowhere).group).toEqual(group);
          const again = group.nodes.map((node) => ({ ...node, due: group.due }));
          if (again.length > 0) expect(mergeNewest(NAME, again, within, nowhere).group).toEqual(group);
        },
      ),
    );
  });

  it('names as due what a node says, of the group itself and of the archives that are left', () => {
    fc.assert(
      fc.property(lists, reach, (all, within) => {
        const { group, named } = mergeNewest(NAME, all, within, nowhere);
        const matter = new Set(['shop']);
        for (const { archive } of newestOf(all, within))
          for (const key of [`shop/${archive.pod}`, `shop/${archive.pod}/${archive.container}`])
            matter.add(key);
        const said = new Set(all.flatMap(({ due }) => due));
        expect(group.due).toEqual([...said].filter((key) => matter.has(key)).sort());
        expect(named.map(({ node }) => node)).toEqual(group.nodes.map(({ node }) => node));
      }),
    );
  });
});
