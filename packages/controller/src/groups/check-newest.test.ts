import { describe, expect, it } from 'vitest';
import { makeArchive } from '../testing/make-group.ts';
import { checkNewest } from './check-newest.ts';

const RULE = '0123456789abcdef';
const ASKED = ['shop', 'shop/web-0', 'shop/web-0/app'].map((group) => ({ group, rule: RULE }));

function answer(group: string, archives = [makeArchive(2), makeArchive(1)]) {
  return { group, rule: RULE, version: 'v', due: [], archives };
}

describe('checkNewest', () => {
  it.each([
    ['all groups that were asked for', ASKED.map(({ group }) => answer(group))],
    ['fewer', [answer('shop')]],
    [
      'archives of several pods in a namespace',
      [answer('shop', [makeArchive(2), makeArchive(1, { pod: 'db' })])],
    ],
    [
      'archives of several containers in a pod, from the same moment',
      [
        answer('shop/web-0', [
          makeArchive(2, { name: 'b' }),
          makeArchive(2, { name: 'a', container: 'log' }),
        ]),
      ],
    ],
  ])('takes %s', (_, answered) => {
    expect(checkNewest(ASKED, answered)).toBeUndefined();
  });

  it.each([
    ['a group that was not asked for', [answer('shop/db-0')], /shop\/db-0 was not asked for/],
    ['a group under another rule', [{ ...answer('shop'), rule: 'fedcba9876543210' }], /was not asked for/],
    ['a group twice', [answer('shop'), answer('shop')], /twice/],
    [
      'an archive of another pod',
      [answer('shop/web-0', [makeArchive(1, { pod: 'db-0' })])],
      /is not of group/,
    ],
    [
      'an archive of another container',
      [answer('shop/web-0/app', [makeArchive(1, { container: 'log' })])],
      /is not of group/,
    ],
    [
      'an archive twice',
      [answer('shop', [makeArchive(2), makeArchive(1, { name: 'checkpoint-2.tar' })])],
      /twice/,
    ],
    ['archives out of order', [answer('shop', [makeArchive(1), makeArchive(2)])], /not in order/],
  ])('refuses %s', (_, answered, problem) => {
    expect(checkNewest(ASKED, answered)).toMatch(problem);
  });
});
