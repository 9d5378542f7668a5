import { describe, expect, it } from 'vitest';
import {
  countThatMatter,
  type GroupReach,
  isNearLimit,
  mayExceed,
  reachOf,
  sharedGroups,
} from './shared-groups.ts';
import { makeArchive, makeRule, NOW_MS } from './testing.ts';
import type { Archive, GroupLimits, Rule } from './types.ts';

function reach(facts: Partial<GroupReach> = {}): GroupReach {
  return { maxCount: Infinity, maxTotalBytes: Infinity, keepLast: 0, ...facts };
}

/** Groups as `rule level key: names`, newest first. */
function found(archives: readonly Archive[], ...rules: Rule[]): string[] {
  return sharedGroups(archives, { rules }, NOW_MS).map(
    ({ rule, level, key, archives: members }) =>
      `${rule.id} ${level} ${key}: ${members.map(({ archive }) => archive.name).join(' ')}`,
  );
}

const perContainer: GroupLimits = { level: 'container', maxCount: 2 };
const perPod: GroupLimits = { level: 'pod', maxTotalBytes: 10 };
const perNamespace: GroupLimits = { level: 'namespace', maxCount: 5 };

describe('sharedGroups', () => {
  it('finds the groups of each level that a rule limits, newest first', () => {
    const archives = [
      makeArchive('old', 9),
      makeArchive('other', 5, { owner: 'shop/web-0/proxy' }),
      makeArchive('new', 1),
      makeArchive('far', 3, { owner: 'team/web-0/app' }),
    ];
    expect(found(archives, makeRule({ id: 'all', groups: [perContainer, perPod, perNamespace] }))).toEqual([
      'all container shop/web-0/app: new old',
      'all pod shop/web-0: new other old',
      'all namespace shop: new other old',
      'all container shop/web-0/proxy: other',
      'all container team/web-0/app: far',
      'all pod team/web-0: far',
      'all namespace team: far',
    ]);
  });

  it('takes as many archives of one container as there are', () => {
    const many = Array.from({ length: 200_000 }, (_, index) => makeArchive(`a${index}`, index));
    const archives = [makeArchive('other', 0, { owner: 'shop/web-0/proxy' }), ...many];
    const [group] = sharedGroups(archives, { rules: [makeRule({ groups: [perPod] })] }, NOW_MS);
    expect(group?.archives).toHaveLength(archives.length);
  });

  it('leaves levels out that no limit is on', () => {
    const groups = [{ level: 'container', maxCount: 0 }, { level: 'pod' }, perNamespace] as const;
    expect(found([makeArchive('a', 1)], makeRule({ id: 'all', groups }))).toEqual(['all namespace shop: a']);
  });

  it('counts keepLast as a limit on containers', () => {
    expect(found([makeArchive('a', 1)], makeRule({ id: 'all', keepLast: 1 }))).toEqual([
      'all container shop/web-0/app: a',
    ]);
  });

  it('leaves out what another rule governs', () => {
    const archives = [makeArchive('a', 1), makeArchive('b', 2, { owner: 'shop/web-0/proxy' })];
    const broad = makeRule({ id: 'broad', groups: [perNamespace] });
    const narrow = makeRule({
      id: 'narrow',
      level: 'container',
      namespace: 'shop',
      pod: 'web-0',
      container: 'proxy',
      groups: [perContainer],
    });
    expect(found(archives, broad, narrow)).toEqual([
      'broad namespace shop: a',
      'narrow container shop/web-0/proxy: b',
    ]);
  });

  it('has none under a rule of the scope Node, without a rule, and under one without limits', () => {
    const archives = [makeArchive('a', 1)];
    expect(found(archives, makeRule({ scope: 'Node', groups: [perPod], keepLast: 2 }))).toEqual([]);
    expect(found(archives)).toEqual([]);
    expect(found(archives, makeRule({ maxAgeMs: 5 }))).toEqual([]);
  });

  it('counts only what counts against a limit', () => {
    const archives = [
      makeArchive('good', 5),
      makeArchive('pinned', 4, { pinned: true }),
      makeArchive('writing', 3, { state: 'writing' }),
      makeArchive('broken', 2, { state: 'incomplete' }),
      makeArchive('nobody', 1, { owner: null }),
      makeArchive('future', -1),
    ];
    expect(found(archives, makeRule({ id: 'all', groups: [perPod] }))).toEqual(['all pod shop/web-0: good']);
  });

  it('orders by the time that an archive counts as of', () => {
    const archives = [
      makeArchive('a', 2),
      makeArchive('b', 3),
      makeArchive('forged', -1, { mtimeMs: NOW_MS - 9 }),
    ];
    expect(found(archives, makeRule({ id: 'all', groups: [perPod] }))).toEqual([
      'all pod shop/web-0: a b forged',
    ]);
  });
});

describe('reachOf', () => {
  it('tells the limits of a level, and keepLast for containers', () => {
    const rule = makeRule({
      keepLast: 3,
      groups: [perContainer, { level: 'pod', maxCount: 4, maxTotalBytes: 10 }],
    });
    expect(reachOf(rule, 'container')).toEqual(reach({ maxCount: 2, keepLast: 3 }));
    expect(reachOf(rule, 'pod')).toEqual(reach({ maxCount: 4, maxTotalBytes: 10 }));
    expect(reachOf(rule, 'namespace')).toBeUndefined();
  });

  it('takes 0 for no limit', () => {
    expect(
      reachOf(makeRule({ groups: [{ level: 'pod', maxCount: 0, maxTotalBytes: 0 }] }), 'pod'),
    ).toBeUndefined();
  });
});

describe('countThatMatter', () => {
  it.each<[string, number[], Partial<GroupReach>, number]>([
    ['as many as the count', [5, 5, 5, 5], { maxCount: 3 }, 3],
    ['all where there are fewer', [5, 5], { maxCount: 3 }, 2],
    ['none of none', [], { maxCount: 3 }, 0],
    ['those that fit a total, and the first that does not', [4, 4, 4, 4], { maxTotalBytes: 10 }, 3],
    ['one more where the total is met exactly', [5, 5, 5, 5], { maxTotalBytes: 10 }, 3],
    ['what is empty as well', [10, 0, 0, 1, 1], { maxTotalBytes: 10 }, 4],
    ['one that alone is too large', [11, 1], { maxTotalBytes: 10 }, 1],
    ['up to whichever limit is filled first', [1, 9, 9, 9], { maxCount: 2, maxTotalBytes: 10 }, 2],
    ['up to whichever limit is filled first', [9, 9, 9, 9], { maxCount: 4, maxTotalBytes: 10 }, 2],
    ['the last to be kept', [5, 5, 5], { keepLast: 2 }, 2],
    ['the last to be kept beyond the limit', [9, 9, 9, 9], { maxTotalBytes: 5, keepLast: 3 }, 3],
  ])('is %s', (_, sizes, limits, expected) => {
    expect(countThatMatter(sizes, reach(limits))).toBe(expected);
  });

  it('looks no further than it has to', () => {
    let taken = 0;
    const sizes = (function* () {
      for (;;) {
        taken++;
        yield 1;
      }
    })();
    expect(countThatMatter(sizes, reach({ maxCount: 2 }))).toBe(2);
    expect(taken).toBe(3);
  });
});

describe('mayExceed', () => {
  it.each<[string, number, number, Partial<GroupReach>, boolean]>([
    ['as many as allowed', 3, 99, { maxCount: 3 }, false],
    ['one too many', 4, 0, { maxCount: 3 }, true],
    ['as large as allowed', 99, 10, { maxTotalBytes: 10 }, false],
    ['a byte too large', 1, 11, { maxTotalBytes: 10 }, true],
    ['as many as are kept', 2, 99, { keepLast: 2 }, false],
    ['more than are kept', 3, 0, { keepLast: 2 }, true],
    ['no limit', 99, 99, {}, false],
  ])('with %s', (_, count, bytes, limits, expected) => {
    expect(mayExceed(count, bytes, reach(limits))).toBe(expected);
  });
});

describe('isNearLimit', () => {
  it.each<[string, number, number, Partial<GroupReach>, boolean]>([
    ['a full group', 4, 0, { maxCount: 4 }, true],
    ['three of four', 3, 0, { maxCount: 4 }, false],
    ['nearly all bytes', 1, 8, { maxTotalBytes: 10 }, true],
    ['some bytes', 1, 7, { maxTotalBytes: 10 }, false],
    ['more than are kept', 3, 0, { keepLast: 2 }, true],
    ['as many as are kept', 2, 0, { keepLast: 2 }, false],
  ])('with %s', (_, count, bytes, limits, expected) => {
    expect(isNearLimit(count, bytes, reach(limits))).toBe(expected);
  });
});

describe('isNearLimit', () => {
  it.each<[string, number, number, Partial<GroupReach>, boolean]>([
    ['three quarters of the count', 3, 0, { maxCount: 4 }, false],
    ['more than three quarters of the count', 4, 0, { maxCount: 5 }, true],
    ['three quarters of the total', 1, 75, { maxTotalBytes: 100 }, false],
    ['more than three quarters of the total', 1, 76, { maxTotalBytes: 100 }, true],
    ['more than are kept', 3, 0, { keepLast: 2 }, true],
    ['no limit', 99, 99, {}, false],
  ])('with %s', (_, count, bytes, limits, expected) => {
    expect(isNearLimit(count, bytes, reach(limits))).toBe(expected);
  });
});
