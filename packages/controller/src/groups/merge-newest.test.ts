import { type GroupArchive, MAX_NEWEST } from '@checkpoint-warden/api';
import type { GroupReach } from '@checkpoint-warden/policy';
import { describe, expect, it } from 'vitest';
import { makeArchive } from '../testing/make-group.ts';
import { mergeNewest, type NodeNewest } from './merge-newest.ts';

const POD = { group: 'shop/web-0', rule: '0123456789abcdef' };
const ALL = { maxCount: Infinity, maxTotalBytes: Infinity, keepLast: 0 };

function list(node: string, numbers: readonly number[], changes: Partial<GroupArchive> = {}) {
  return { node, due: [], archives: numbers.map((number) => makeArchive(number, changes)) };
}

const numbers = ({ group }: ReturnType<typeof mergeNewest>) =>
  Object.fromEntries(group.nodes.map(({ node, archives }) => [node, archives.map(({ mtimeMs }) => mtimeMs)]));

function merge(lists: readonly NodeNewest[], reach: Partial<GroupReach>, isDueWithin = (_: string) => false) {
  return mergeNewest(POD, lists, { ...ALL, ...reach }, isDueWithin);
}

describe('mergeNewest', () => {
  it('takes of each node what is among the newest of all, and leaves out nodes that have none of them', () => {
    const merged = merge([list('a', [9, 5, 1]), list('b', [8, 7]), list('c', [2])], { maxCount: 4 });
    expect(numbers(merged)).toEqual({ a: [9, 5], b: [8, 7] });
    expect(merged.named.map(({ node }) => node)).toEqual(['a', 'b']);
  });

  it('has with a total the first that does not fit', () => {
    const merged = merge([list('a', [9, 5, 1]), list('b', [8, 7])], { maxTotalBytes: 25 });
    expect(numbers(merged)).toEqual({ a: [9], b: [8, 7] });
  });

  it('has of copies on several nodes the newest alone', () => {
    const copied = [makeArchive(8, { mtimeMs: 20 }), makeArchive(5, { mtimeMs: 21 })];
    const merged = merge([list('a', [9, 8, 5]), { node: 'b', due: [], archives: copied }], { maxCount: 3 });
    expect(numbers(merged)).toEqual({ a: [9], b: [20, 21] });
  });

  it('never has more than a message may name', () => {
    const numbersOf = (parity: number) =>
      Array.from({ length: MAX_NEWEST }, (_, index) => 2 * (2 * MAX_NEWEST - index) + parity);
    const lists = [list('a', numbersOf(0)), list('b', numbersOf(1))];
    const merged = merge(lists, { maxCount: 10 * MAX_NEWEST });
    expect(merged.group.nodes.map(({ archives }) => archives.length)).toEqual([1000, 1000]);
  });

  it('shows a pod’s group as due with its containers, as long as these have an archive left', () => {
    const due = ['shop/web-0', 'shop/web-0/app', 'shop/web-0/log'];
    const lists = [
      { ...list('a', [9]), due },
      { ...list('b', [1], { container: 'log' }), due },
    ];
    expect(merge(lists, { maxCount: 1 }).group.due).toEqual(['shop/web-0', 'shop/web-0/app']);
  });

  it('shows a container as due that is so on a node of which no archive is left', () => {
    const isDue = (key: string) => key !== 'shop/web-0/log';
    expect(merge([list('a', [9])], { maxCount: 1 }, isDue).group.due).toEqual(['shop/web-0/app']);
  });
});
