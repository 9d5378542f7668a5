import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNewestFirst, compareText, orderTimeMs } from './archive-order.ts';
import { archives, makeArchive, NOW_MS } from './testing.ts';

const dated = (name: string, age: number, facts: Parameters<typeof makeArchive>[2] = {}) => {
  const archive = makeArchive(name, age, facts);
  return { archive, timeMs: archive.createdAtMs };
};

describe('orderTimeMs takes', () => {
  it.each([
    ['the time in the name, whatever the mtime', { createdAtMs: 400, mtimeMs: 900 }, 400],
    ['the time in the name when that is this very moment', { createdAtMs: NOW_MS, mtimeMs: 900 }, NOW_MS],
    ['the mtime when the name lies in the future', { createdAtMs: NOW_MS + 1, mtimeMs: 900 }, 900],
    ['this very moment as an mtime', { createdAtMs: NOW_MS + 1, mtimeMs: NOW_MS }, NOW_MS],
    ['nothing when both lie in the future', { createdAtMs: NOW_MS + 1, mtimeMs: NOW_MS + 1 }, undefined],
    ['the name when only the mtime lies in the future', { createdAtMs: 400, mtimeMs: NOW_MS + 9 }, 400],
  ])('%s', (_, facts, expected) => {
    expect(orderTimeMs(makeArchive('one.tar', 0, facts), NOW_MS)).toBe(expected);
  });
});

describe('compareNewestFirst', () => {
  it.each([
    ['the time it counts as of', dated('a.tar', 1), dated('b.tar', 2, { mtimeMs: NOW_MS })],
    [
      'the mtime where those are equal',
      dated('a.tar', 5, { mtimeMs: 997 }),
      dated('b.tar', 5, { mtimeMs: 996 }),
    ],
    [
      'the node where those are too',
      dated('a.tar', 5, { node: 'node-2' }),
      dated('b.tar', 5, { node: 'node-1' }),
    ],
    ['the file name at last', dated('b.tar', 5), dated('a.tar', 5)],
  ])('goes by %s', (_, newer, older) => {
    expect([older, newer].sort(compareNewestFirst)).toEqual([newer, older]);
    expect([newer, older].sort(compareNewestFirst)).toEqual([newer, older]);
  });

  it('is a total order: one archive is always the newer, and newer than newer is newer', () => {
    const three = archives({ nodes: ['node-1', 'node-2'], maxLength: 3, nowMs: NOW_MS });
    fc.assert(
      fc.property(three, (list) => {
        const [a, b, c] = list.map((archive) => ({ archive, timeMs: archive.createdAtMs }));
        if (a === undefined || b === undefined || c === undefined) return;
        expect(Math.sign(compareNewestFirst(a, b))).toBe(-Math.sign(compareNewestFirst(b, a)));
        expect(compareNewestFirst(a, b)).not.toBe(0);
        if (compareNewestFirst(a, b) < 0 && compareNewestFirst(b, c) < 0) {
          expect(compareNewestFirst(a, c)).toBeLessThan(0);
        }
      }),
    );
  });
});

it('compares text by code unit, not by the rules of a language', () => {
  expect(['b', 'a', 'Z', 'ä', 'a-b', 'a'].sort(compareText)).toEqual(['Z', 'a', 'a', 'a-b', 'b', 'ä']);
  expect(compareText('a', 'a')).toBe(0);
});
