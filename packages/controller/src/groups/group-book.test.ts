import { type GroupsPage, MAX_GROUPS_ASKED, type NewestAnswer } from '@checkpoint-warden/api';
import { ruleHashAlone } from '@checkpoint-warden/api/testing/rule-hash-alone';
import { manualClock } from '@checkpoint-warden/kit/testing';
import type { Policy } from '@checkpoint-warden/policy';
import { describe, expect, it } from 'vitest';
import { makeArchive, podRule, policyOf } from '../testing/make-group.ts';
import { createGroupBook, type GroupMember } from './group-book.ts';

const RULE = podRule(3);
const HASH = ruleHashAlone(RULE);
const POLICY = policyOf(RULE);

type Figures = GroupsPage['groups'][number];

function figures(version: string, count: number, changes: Partial<Figures> = {}): Figures {
  return { group: 'shop/web-0', rule: HASH, count, bytes: 10 * count, version, ...changes };
}

/** A book in which agents of `nodes` are, whose groups are all known to be none. */
function rig(nodes: readonly string[], policy: Policy = POLICY) {
  const clock = manualClock();
  const book = createGroupBook({ clock, onChange: () => {} });
  const members = new Map<string, GroupMember>(nodes.map((node) => [node, book.join(node)]));
  const at = (node: string): GroupMember => {
    const member = members.get(node);
    if (member === undefined) throw new Error(`no ${node}`);
    return member;
  };
  book.follow([policy]);
  for (const node of nodes) at(node).rested();
  book.settle();
  const holdings = (node: string, groups: Figures[], instance = 'first-start') =>
    at(node).figures(groups, instance, clock.monotonicMs());
  /** Answers all that the agent is asked for, with archives of these numbers. */
  const answer = (node: string, version: string, numbers: readonly number[], due: string[] = []) => {
    const asked = at(node).toAsk();
    const archives = numbers.map((number) => makeArchive(number));
    return at(node).newest(
      asked,
      asked.map((each): NewestAnswer['groups'][number] => ({ ...each, version, due, archives })),
    );
  };
  return {
    clock,
    book,
    at,
    holdings,
    answer,
    settle: () => [...book.settle()].sort(),
    asks: () => nodes.filter((node) => at(node).needs().mustAsk),
    /** What a node is to be told, as `node: numbers`. */
    told: (node: string) =>
      at(node)
        .message()
        .groups.map(({ group, nodes: holders }) => [
          group,
          ...holders.map((each) => `${each.node}: ${each.archives.map(({ mtimeMs }) => mtimeMs)}`),
        ]),
    /** Two nodes with one group, of which both are told. */
    together() {
      holdings('a', [figures('a1', 2)]);
      holdings('b', [figures('b1', 2)]);
      book.settle();
      answer('a', 'a1', [7, 5]);
      answer('b', 'b1', [8, 6]);
      book.settle();
    },
  };
}

const BOTH = [['shop/web-0', 'a: 7', 'b: 8,6']];

describe('the group book', () => {
  it('asks the holders of a group that lies on two nodes and may be over its limit, and tells both the same', () => {
    const it = rig(['a', 'b', 'c']);
    it.holdings('a', [figures('a1', 2)]);
    expect(it.settle()).toEqual([]);
    it.holdings('b', [figures('b1', 2)]);
    expect(it.settle()).toEqual(['a', 'b']);
    expect(it.asks()).toEqual(['a', 'b']);
    expect(it.at('a').toAsk()).toEqual([{ group: 'shop/web-0', rule: HASH }]);
    it.answer('a', 'a1', [7, 5]);
    it.answer('b', 'b1', [8, 6]);
    expect(it.settle()).toEqual(['a', 'b']);
    expect(it.told('a')).toEqual(BOTH);
    expect(it.at('a').message().groups[0]).toBe(it.at('b').message().groups[0]);
    expect([it.asks(), it.told('c'), it.book.sharedCount]).toEqual([[], [], 1]);
  });

  it('tells of 20,000 archives at most, and of how many groups it does not tell', () => {
    const many = podRule(1_500);
    const rule = ruleHashAlone(many);
    const it = rig(['a', 'b'], policyOf(many));
    const pods = Array.from({ length: 14 }, (_, index) => `shop/web-${index}`);
    const nodes = ['a', 'b'];
    for (const node of nodes)
      it.holdings(
        node,
        pods.map((group) => figures('1', 1_000, { rule, group })),
      );
    it.settle();
    for (const [half, node] of nodes.entries()) {
      const numbers = Array.from({ length: 1_000 }, (_, index) => 2_000 - 2 * index - half);
      while (it.at(node).needs().mustAsk) it.answer(node, '1', numbers);
    }
    it.settle();
    const { groups, leftOut } = it.at('a').message();
    expect([groups.length, leftOut]).toEqual([13, 1]);
  });

  it.each<[string, Figures[], Figures[], Policy?]>([
    ['is within its limit on both together', [figures('a1', 1)], [figures('b1', 2)]],
    ['lies on one node', [figures('a1', 9)], []],
    [
      'is under another rule on each node',
      [figures('a1', 9)],
      [figures('b1', 9, { rule: '0123456789abcdef' })],
    ],
    ['is under a rule that nobody is to enforce', [figures('a1', 9)], [figures('b1', 9)], { rules: [] }],
    [
      'is under a rule for each node',
      [figures('a1', 9, { rule: ruleHashAlone(podRule(3, { scope: 'Node' })) })],
      [figures('b1', 9, { rule: ruleHashAlone(podRule(3, { scope: 'Node' })) })],
      policyOf(podRule(3, { scope: 'Node' })),
    ],
    [
      'is at a level that its rule does not limit',
      [figures('a1', 9, { group: 'shop' })],
      [figures('b1', 9, { group: 'shop' })],
    ],
  ])('asks nobody for a group that %s', (_, a, b, policy) => {
    const it = rig(['a', 'b'], policy);
    it.holdings('a', a);
    it.holdings('b', b);
    expect([it.settle(), it.asks(), it.book.sharedCount]).toEqual([[], [], 0]);
  });

  it('tells nobody anything new where nothing is: other figures, the same archives', () => {
    const it = rig(['a', 'b']);
    it.together();
    const { version } = it.at('a').needs();
    it.holdings('b', [figures('b1', 4)]);
    expect([it.settle(), it.asks()]).toEqual([[], []]);
    it.holdings('b', [figures('b2', 4)]);
    expect(it.settle()).toEqual(['b']);
    it.answer('b', 'b2', [8, 6, 1]);
    expect([it.settle(), it.at('a').needs().version, it.told('a')]).toEqual([[], version, BOTH]);
  });

  it('tells all holders when one has another list, and nobody else', () => {
    const it = rig(['a', 'b', 'c']);
    it.together();
    it.holdings('c', [figures('c1', 9, { group: 'shop/web-1' })]);
    it.settle();
    it.holdings('b', [figures('b2', 3)]);
    it.settle();
    it.answer('b', 'b2', [9, 8, 6]);
    expect(it.settle()).toEqual(['a', 'b']);
    expect(it.told('a')).toEqual([['shop/web-0', 'a: 7', 'b: 9,8']]);
  });

  it('tells of a key that is due on one node', () => {
    const it = rig(['a', 'b']);
    it.together();
    it.holdings('b', [figures('b2', 2)]);
    it.settle();
    it.answer('b', 'b2', [8, 6], ['shop/web-0', 'shop/web-0/gone']);
    it.settle();
    expect(it.at('a').message().groups[0]?.due).toEqual(['shop/web-0']);
  });

  it('goes on with a group that is full, and asks only who has something else', () => {
    const it = rig(['a', 'b']);
    it.together();
    it.holdings('b', [figures('b2', 1)]);
    expect(it.settle()).toEqual(['b']);
    expect([it.asks(), it.book.sharedCount]).toEqual([['b'], 1]);
  });

  it('tells nothing of a group that is far from its limit', () => {
    const it = rig(['a', 'b']);
    it.together();
    it.holdings('b', [figures('b2', 1)]);
    it.holdings('a', [figures('a2', 1)]);
    expect(it.settle()).toEqual(['a', 'b']);
    expect([it.told('a'), it.told('b'), it.asks(), it.book.sharedCount]).toEqual([[], [], [], 0]);
  });

  it('leaves out a node that has nothing of the group any more', () => {
    const it = rig(['a', 'b', 'c']);
    it.together();
    it.holdings('c', [figures('c1', 2)]);
    it.settle();
    it.answer('c', 'c1', [9, 4]);
    expect(it.settle()).toEqual(['a', 'b', 'c']);
    expect(it.told('a')).toEqual([['shop/web-0', 'a: 7', 'b: 8', 'c: 9']]);
    it.holdings('c', []);
    expect(it.settle()).toEqual(['a', 'b']);
    expect([it.told('a'), it.told('c')]).toEqual([BOTH, []]);
  });

  it('forgets an agent that has left, and does not listen to it any more', () => {
    const it = rig(['a', 'b']);
    it.together();
    it.book.leave('b');
    expect([it.settle(), it.told('a')]).toEqual([['a'], []]);
    it.holdings('b', [figures('b1', 2)]);
    expect([it.settle(), it.asks()]).toEqual([[], []]);
  });

  it('leaves out a node that it has not heard of for 45 s, and takes it back when it has, without asking anybody', () => {
    const it = rig(['a', 'b', 'c']);
    it.together();
    it.holdings('c', [figures('c1', 2)]);
    it.settle();
    it.answer('c', 'c1', [9, 4]);
    it.settle();
    for (let passed = 0; passed < 45_000; passed += 5_000) {
      it.clock.advance(5_000);
      for (const node of ['a', 'b']) it.at(node).heard(it.clock.monotonicMs());
      expect(it.settle()).toEqual([]);
    }
    it.clock.advance(5_000);
    expect(it.settle()).toEqual(['a', 'b', 'c']);
    expect(it.told('a')).toEqual(BOTH);
    it.at('c').heard(it.clock.monotonicMs());
    expect(it.settle()).toEqual(['a', 'b', 'c']);
    expect([it.told('a'), it.asks()]).toEqual([[['shop/web-0', 'a: 7', 'b: 8', 'c: 9']], []]);
  });

  it('says as of when the other nodes that it names were last heard of, and not as of the newest of them', () => {
    const it = rig(['a', 'b', 'c']);
    it.together();
    it.clock.advance(1_000);
    it.holdings('c', [figures('c1', 1)]);
    it.settle();
    it.answer('c', 'c1', [9]);
    it.settle();
    it.at('a').heard(900);
    expect(it.at('a').message().oldestMs).toBe(0);
    it.at('b').heard(700);
    expect(it.at('a').message().oldestMs).toBe(700);
    expect(it.at('b').message().oldestMs).toBe(900);
    expect(it.at('c').message().oldestMs).toBe(700);
  });

  it('does not take a list for right while the figures say another version, and does when they say that one again', () => {
    const it = rig(['a', 'b']);
    it.together();
    it.clock.advance(2_000);
    it.holdings('b', [figures('b2', 2)]);
    it.at('b').heard(2_000);
    it.settle();
    expect([it.told('a'), it.at('a').message().oldestMs]).toEqual([BOTH, 0]);
    it.holdings('b', [figures('b1', 2)]);
    expect([it.at('a').message().oldestMs, it.asks()]).toEqual([2_000, []]);
  });

  it('takes no list for right after a restart, though it has the same version', () => {
    const it = rig(['a', 'b']);
    it.together();
    it.clock.advance(2_000);
    it.holdings('b', [figures('b1', 2)], 'second-start');
    it.settle();
    expect([it.asks(), it.at('a').message().oldestMs]).toEqual([['b'], 0]);
    it.answer('b', 'b1', [8, 6]);
    expect([it.settle(), it.at('a').message().oldestMs]).toEqual([[], 2_000]);
  });

  it('leaves the list of a group as it was while somebody who answers has yet to be asked', () => {
    const it = rig(['a', 'b', 'c', 'd']);
    it.together();
    it.holdings('c', [figures('c1', 1)]);
    it.holdings('d', [figures('d1', 1)]);
    it.settle();
    it.answer('c', 'c1', [9]);
    expect(it.settle()).toEqual([]);
    expect(it.told('a')).toEqual(BOTH);
    it.answer('d', 'd1', [10]);
    expect(it.settle()).toEqual(['a', 'b', 'c', 'd']);
    expect(it.told('d')).toEqual([['shop/web-0', 'b: 8', 'c: 9', 'd: 10']]);
  });

  it('does not let a holder that cannot be asked block the others', () => {
    const it = rig(['a', 'b', 'c']);
    it.holdings('a', [figures('a1', 2)]);
    it.holdings('b', [figures('b1', 2)]);
    it.holdings('c', [figures('c1', 1)]);
    it.settle();
    it.answer('a', 'a1', [7, 5]);
    it.answer('b', 'b1', [8, 6]);
    expect([it.settle(), it.at('a').needs().isSettled]).toEqual([[], false]);
    it.at('c').failed();
    expect(it.settle()).toEqual(['a', 'b', 'c']);
    expect([it.told('a'), it.at('a').needs().isSettled]).toEqual([BOTH, true]);
    expect(it.asks()).toEqual(['c']);
  });

  it('leaves a list out that is 45 s old, though its node answers', () => {
    const it = rig(['a', 'b', 'c']);
    it.together();
    it.holdings('c', [figures('c1', 1)]);
    it.settle();
    it.answer('c', 'c1', [9]);
    it.settle();
    it.holdings('c', [figures('c2', 1)]);
    it.at('c').failed();
    it.settle();
    for (let passed = 0; passed <= 45_000; passed += 5_000) {
      expect(it.told('a')).toEqual([['shop/web-0', 'a: 7', 'b: 8', 'c: 9']]);
      it.clock.advance(5_000);
      for (const node of ['a', 'b', 'c']) it.at(node).heard(it.clock.monotonicMs());
      it.settle();
    }
    expect(it.told('a')).toEqual(BOTH);
  });

  it('believes a version that it was not told of before, and says that the figures do not fit', () => {
    const it = rig(['a', 'b']);
    it.holdings('a', [figures('a1', 2)]);
    it.holdings('b', [figures('b1', 2)]);
    it.settle();
    expect(it.answer('a', 'a1', [7, 5])).toBe(true);
    expect(it.answer('b', 'b2', [9, 8])).toBe(false);
    it.settle();
    expect([it.asks(), it.told('a')]).toEqual([[], [['shop/web-0', 'a: 7', 'b: 9,8']]]);
  });

  it('takes a group that is left out of the answer for gone, until figures name it again', () => {
    const it = rig(['a', 'b']);
    it.holdings('a', [figures('a1', 2)]);
    it.holdings('b', [figures('b1', 2)]);
    it.settle();
    expect(it.at('b').newest(it.at('b').toAsk(), [])).toBe(false);
    it.settle();
    expect([it.asks(), it.told('a'), it.book.sharedCount]).toEqual([[], [], 0]);
    it.holdings('b', [figures('b1', 2)]);
    it.settle();
    expect(it.asks()).toEqual(['a', 'b']);
  });

  it('asks for so many groups at once, and for fewer where they are large', () => {
    const it = rig(['a', 'b']);
    const many = (count: number) =>
      Array.from({ length: 500 }, (_, index) => figures('v', count, { group: `shop/pod-${index}` }));
    for (const node of ['a', 'b']) it.holdings(node, many(3));
    it.settle();
    expect(it.at('a').toAsk()).toHaveLength(MAX_GROUPS_ASKED);
    it.answer('a', 'v', []);
    it.answer('a', 'v', []);
    expect(it.at('a').toAsk()).toHaveLength(100);
    for (const node of ['a', 'b']) it.holdings(node, many(1_000));
    it.settle();
    expect(it.at('b').toAsk()).toHaveLength(20);
  });

  it('forgets groups under a rule that is another one now, once everybody has told of groups under that', () => {
    const it = rig(['a', 'b', 'c']);
    it.together();
    const edited = podRule(4);
    expect(it.book.follow([policyOf(edited)])).toBe(true);
    const under = (node: string, count: number) =>
      it.holdings(node, [figures(`${node}2`, count, { rule: ruleHashAlone(edited) })]);
    under('a', 3);
    under('b', 2);
    expect([it.settle(), it.at('a').needs().isSettled]).toEqual([[], false]);
    it.at('c').rested();
    expect(it.settle()).toEqual(['a', 'b']);
    expect([it.told('a'), it.asks()]).toEqual([[], ['a', 'b']]);
  });

  it.each<[string, (it: ReturnType<typeof rig>) => void]>([
    ['fails', (it) => it.at('c').failed()],
    ['leaves', (it) => it.book.leave('c')],
    ['says nothing for 45 s', (it) => it.clock.advance(45_000)],
  ])('does not wait after an edit for an agent that %s', (_, happens) => {
    const it = rig(['a', 'b', 'c']);
    it.together();
    it.book.follow([policyOf(podRule(4))]);
    for (const node of ['a', 'b']) it.holdings(node, []);
    it.settle();
    expect(it.at('a').needs().isSettled).toBe(false);
    happens(it);
    it.settle();
    expect(it.at('a').needs()).toMatchObject({ isSettled: true, isEmpty: true });
  });

  it('takes the same rules in other policies for no change', () => {
    const it = rig(['a', 'b']);
    it.together();
    expect(it.book.follow([POLICY])).toBe(false);
    expect(it.book.follow([policyOf(podRule(3)), { rules: [] }])).toBe(false);
    expect([it.settle(), it.told('a')]).toEqual([[], BOTH]);
  });

  it('has one number for what an agent is to be told, another one whenever that is something else', () => {
    const it = rig(['a', 'b']);
    const versions = [it.at('a').needs().version];
    const note = () => versions.push(it.at('a').needs().version);
    it.together();
    note();
    it.holdings('b', []);
    it.settle();
    note();
    it.holdings('b', [figures('b1', 2)]);
    it.settle();
    it.answer('a', 'a1', [7, 5]);
    it.answer('b', 'b1', [8, 6]);
    it.settle();
    note();
    expect(new Set(versions).size).toBe(4);
    it.settle();
    expect(it.at('a').needs().version).toBe(versions.at(-1));
  });
});
