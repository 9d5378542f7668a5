import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExactPattern, literalLength, matchesPattern } from './name-pattern.ts';

/** The oracle: the whole name against a regular expression in which only `*` is special. */
function matchesByRegExp(pattern: string, name: string): boolean {
  const escaped = pattern.split('*').map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(name);
}

describe('matchesPattern', () => {
  it.each([
    ['team', 'team', true],
    ['team', 'team-a', false],
    ['team', 'my-team', false],
    ['team*', 'team', true],
    ['team*', 'team-a', true],
    ['team-*', 'team', false],
    ['*-a', 'team-a', true],
    ['*-a', 'team-ab', false],
    ['*', 'anything', true],
    ['*', '', true],
    ['**', '', true],
    ['a*c', 'abcbc', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['web-?', 'web-0', false],
    ['web.0', 'web-0', false],
    ['[a-z]', 'b', false],
    ['', '', true],
    ['', 'a', false],
    ['Web', 'web', false],
  ])('%j against %j: %j', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });

  it('agrees with a regular expression', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '.'), maxLength: 9 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), maxLength: 12 });
    fc.assert(
      fc.property(pattern, name, (p, n) => {
        expect(matchesPattern(p, n)).toBe(matchesByRegExp(p, n));
      }),
      { numRuns: 20_000 },
    );
  });

  it('agrees with a regular expression on names that nothing is special in', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (p, n) => {
        expect(matchesPattern(p, n)).toBe(matchesByRegExp(p, n));
        expect(matchesPattern(p, p)).toBe(true);
        expect(matchesPattern(`${p}*`, `${p}${n}`)).toBe(true);
        expect(matchesPattern(`*${n}`, `${p}${n}`)).toBe(true);
      }),
    );
  });

  it('ends on the patterns that make backtracking explode', () => {
    const name = 'a'.repeat(20_000);
    expect(matchesPattern(`${'*a'.repeat(30)}*b`, name)).toBe(false);
    expect(matchesPattern(`${'*a'.repeat(30)}*`, name)).toBe(true);
  });
});

it.each([
  ['web-0', true, 5],
  ['web-*', false, 4],
  ['*', false, 0],
  ['*a*b*', false, 2],
  ['', true, 0],
])('%j is exact: %j, with %d literal characters', (pattern, exact, literals) => {
  expect(isExactPattern(pattern)).toBe(exact);
  expect(literalLength(pattern)).toBe(literals);
});
