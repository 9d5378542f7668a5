import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { governingRule, matchingRules, ruleMatches } from './governing-rule.ts';
import { makeOwner, makeRule, owners, rules } from './testing.ts';
import type { Rule } from './types.ts';

/** `*` is the global rule; `shop`, `shop/web-*` and `shop/web-0/app` are those of the finer levels. */
function rule(path: string, id = path): Rule {
  const [namespace, pod, container] = path.split('/');
  if (path === 'global') return makeRule({ id });
  const level = container !== undefined ? 'container' : pod !== undefined ? 'pod' : 'namespace';
  return makeRule({ id, level, namespace, pod, container });
}

const owner = makeOwner('shop/web-0/app');

describe('the governing rule of shop/web-0/app', () => {
  it.each([
    ['a container rule before any other', ['global', 'shop', 'shop/web-0', '*/*/*'], '*/*/*'],
    ['a pod rule before a namespace rule', ['global', 'shop', '*/*'], '*/*'],
    ['a namespace rule before the global one', ['global', '*'], '*'],
    [
      'the global rule where nothing else matches',
      ['team', 'shop/api', 'global', 'shop/web-0/proxy'],
      'global',
    ],
    ['an exact name before a pattern, however long', ['*hop*', 'shop', 'sho*'], 'shop'],
    ['an exact name before a pattern with as many literals', ['shop*', 'shop', '*shop'], 'shop'],
    ['more literal characters before fewer', ['*', 's*', 'sh*p', '*p'], 'sh*p'],
    ['literal characters by number, not by place', ['s*', '*op'], '*op'],
    ['the namespace before the pod', ['s*/web-0', 'shop/*'], 'shop/*'],
    ['the pod before the container', ['shop/web-*/app', 'shop/web-0/*'], 'shop/web-0/*'],
    ['the container where namespace and pod tie', ['*/*/a*', '*/*/app', '*/*/ap*'], '*/*/app'],
  ])('is %s', (_, paths, expected) => {
    const list = paths.map((path) => rule(path));
    expect(governingRule(list, owner)?.id).toBe(expected);
    expect(governingRule(list.toReversed(), owner)?.id).toBe(expected);
  });

  it('is the earlier entry on a full tie', () => {
    const [one, other] = [rule('s*p', 'one'), rule('*op', 'other')];
    expect(governingRule([one, other], owner)).toBe(one);
    expect(governingRule([other, one], owner)).toBe(other);
  });

  it('is none where none matches', () => {
    expect(governingRule([rule('team'), rule('shop/api')], owner)).toBeUndefined();
    expect(governingRule([], owner)).toBeUndefined();
  });
});

describe('names are compared as whole fields:', () => {
  it.each([
    ['team', 'team-a/web-0/app', false],
    ['team-a', 'team/a-web/app', false],
    ['a', 'a/p/b-c', true],
    ['a', 'a-b/p/c', false],
    ['a-b', 'a/p/b-c', false],
    ['*/web', 'team/web-0/app', false],
    ['a/p/b-c', 'a-b/p/c', false],
  ])('%s against the owner %s: %j', (path, of, expected) => {
    expect(ruleMatches(rule(path), makeOwner(of))).toBe(expected);
  });
});

it('lists all that match, the governing one first, those that tie in their order', () => {
  const list = ['global', 'team', 'shop/*', '*/web-0', 'shop', 's*'].map((path) => rule(path));
  expect(matchingRules(list, owner).map(({ id }) => id)).toEqual([
    'shop/*',
    '*/web-0',
    'shop',
    's*',
    'global',
  ]);
});

it('is the first of all that match, and every rule that matches is listed once', () => {
  fc.assert(
    fc.property(rules, owners, (list, of) => {
      const matching = matchingRules(list, of);
      expect(governingRule(list, of)).toBe(matching[0]);
      expect(new Set(matching)).toEqual(new Set(list.filter((one) => ruleMatches(one, of))));
    }),
  );
});
