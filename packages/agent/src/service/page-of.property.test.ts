import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageOf } from './page-of.ts';

const keys = fc.uniqueArray(fc.string(), { maxLength: 30 });

/** All pages, while the list changes from one to the next. */
function walk(lists: readonly (readonly string[])[], limit: number): string[] {
  const seen: string[] = [];
  let after: string | undefined;
  for (const list of lists) {
    const { items, next } = pageOf(list, (key) => key, { limit, ...(after === undefined ? {} : { after }) });
    expect(items.length).toBeLessThanOrEqual(limit);
    seen.push(...items);
    if (next === undefined) return seen;
    after = next;
  }
  throw new Error('it does not end');
}

describe('pageOf', () => {
  it('gives each item once and in order, whatever the size of a page', () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 10 }), (list, limit) => {
        const pages = walk(
          Array.from({ length: 31 }, () => list),
          limit,
        );
        expect(pages).toEqual([...list].sort());
      }),
    );
  });

  it('leaves out nothing that stays, when other items come and go between two pages', () => {
    fc.assert(
      fc.property(keys, keys, keys, fc.integer({ min: 1, max: 5 }), (staying, before, later, limit) => {
        const first = [...new Set([...staying, ...before])];
        const then = [...new Set([...staying, ...later])];
        const seen = walk([first, ...Array.from({ length: 100 }, () => then)], limit);
        expect(seen).toEqual(expect.arrayContaining(staying));
        expect(new Set(seen).size).toBe(seen.length);
      }),
    );
  });
});
