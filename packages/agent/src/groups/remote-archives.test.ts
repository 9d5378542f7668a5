import type { GroupArchive, RemoteGroup } from '@checkpoint-warden/api';
import { ruleHashesIn } from '@checkpoint-warden/api';
import type { Policy, Rule } from '@checkpoint-warden/policy';
import { makeRule } from '@checkpoint-warden/policy/testing';
import { describe, expect, it } from 'vitest';
import { createRemoteArchives } from './remote-archives.ts';
import { createRuleHashes } from './rule-hashes.ts';

const EPOCH = { leaseCreatedMs: 1_000, leaseTransitions: 1 };
const LATER = { leaseCreatedMs: 1_000, leaseTransitions: 2 };
const RULE = makeRule({ groups: [{ level: 'namespace', maxCount: 2 }] });
const POLICY: Policy = { rules: [RULE] };

const archive = (name: string, facts: Partial<GroupArchive> = {}): GroupArchive => ({
  name,
  pod: 'web-0',
  container: 'app',
  bytes: 1,
  countsAsMs: 5,
  mtimeMs: 6,
  ...facts,
});

interface GroupOptions {
  readonly group?: string;
  readonly rule?: Rule;
  /** Other rules of the policy. */
  readonly beside?: readonly Rule[];
  readonly due?: string[];
}

function groupOf(
  nodes: Readonly<Record<string, GroupArchive[]>>,
  { group = 'shop', rule = RULE, beside = [], due = [] }: GroupOptions = {},
): RemoteGroup {
  const held = Object.entries(nodes).map(([node, archives]) => ({ node, archives }));
  const hash = ruleHashesIn([rule, ...beside], 'shop').get(rule) ?? '';
  return { group, rule: hash, due, nodes: held };
}

function told(groups: readonly RemoteGroup[], sinceMs = 0) {
  const facts = createRemoteArchives('n', createRuleHashes());
  facts.replace({ epoch: EPOCH, revision: 3, sinceMs, groups }, sinceMs);
  return facts;
}

const namesOf = (facts: ReturnType<typeof told>, policy = POLICY, namespaces?: ReadonlySet<string>) =>
  facts
    .under(policy)
    .archives(namespaces)
    .map(({ node, name }) => `${node}/${name}`);

describe('archives on other nodes', () => {
  it('are nothing and never fresh before anything was said', () => {
    const facts = createRemoteArchives('n', createRuleHashes());
    expect([facts.held, facts.isFresh(0), facts.revision]).toEqual([undefined, false, 0]);
    facts.renew({ epoch: EPOCH, revision: 0, sinceMs: 0 });
    expect(facts.isFresh(0)).toBe(false);
    expect(namesOf(facts)).toEqual([]);
  });

  it('are as they were told, each once, without those of this node', () => {
    const twice = [
      groupOf({ m: [archive('a'), archive('b')], n: [archive('own')] }),
      groupOf({ m: [archive('b')], o: [archive('b')] }, { group: 'shop/web-0' }),
    ];
    expect(namesOf(told(twice))).toEqual(['m/a', 'm/b', 'o/b']);
    expect(told(twice).under(POLICY).archives()[0]).toEqual({
      name: 'a',
      node: 'm',
      sizeBytes: 1,
      mtimeMs: 6,
      createdAtMs: 5,
      state: 'complete',
      owner: { namespace: 'shop', pod: 'web-0', container: 'app' },
      pinned: false,
    });
  });

  it('can be had by namespace', () => {
    const facts = told([
      groupOf({ m: [archive('a')] }),
      groupOf({ m: [archive('b')] }, { group: 'data/db-0' }),
    ]);
    expect(namesOf(facts, POLICY, new Set(['data', 'else']))).toEqual(['m/b']);
  });

  it.each<[string, Policy]>([
    ['another rule', { rules: [{ ...RULE, keepLast: 1 }] }],
    ['a rule for each node', { rules: [{ ...RULE, scope: 'Node' }] }],
    ['no rule', { rules: [] }],
    ['a more specific rule', { rules: [RULE, makeRule({ level: 'pod', namespace: 'shop', pod: 'web-0' })] }],
  ])('do not count, nor what is due, where this node has %s', (_, policy) => {
    const said = (rule: Rule) => groupOf({ m: [archive('a')] }, { rule, due: ['shop'] });
    const facts = told([said(RULE), said({ ...RULE, scope: 'Node' })]);
    expect(namesOf(facts, policy)).toEqual([]);
    expect(facts.under(policy).due.size).toBe(0);
    expect(namesOf(facts)).toEqual(['m/a']);
  });

  it('are due in their group and the narrower ones that this node has under the same rule', () => {
    const specific = makeRule({ id: 'db', level: 'pod', namespace: 'shop', pod: 'db-0' });
    const due = ['shop', 'shop/web-0', 'shop/db-0', 'shop/else', 'data'];
    const group = groupOf({ m: [archive('a'), archive('d', { pod: 'db-0' })] }, { beside: [specific], due });
    const narrow = groupOf(
      { m: [archive('a', { pod: 'web-1' })] },
      { group: 'shop/web-1', due: ['shop/web-1', 'shop'] },
    );
    expect([...told([group]).under({ rules: [RULE, specific] }).due]).toEqual(['shop', 'shop/web-0']);
    expect([...told([narrow]).under(POLICY).due]).toEqual(['shop/web-1']);
  });

  it('do not count where another entry is for archives of the namespace: one that goes may have moved them', () => {
    const specific = makeRule({ id: 'db', level: 'pod', namespace: 'shop', pod: 'db-0' });
    const elsewhere = makeRule({ id: 'x', level: 'namespace', namespace: 'data' });
    const facts = told([groupOf({ m: [archive('a')] }, { beside: [specific], due: ['shop'] })]);
    expect(namesOf(facts)).toEqual([]);
    expect(facts.under(POLICY).due.size).toBe(0);
    expect(namesOf(facts, { rules: [RULE, specific, elsewhere] })).toEqual(['m/a']);
  });

  it('are looked up once under each policy, until something else is said', () => {
    const facts = told([groupOf({ m: [archive('a')] })]);
    const first = facts.under(POLICY);
    expect(facts.under(POLICY)).toBe(first);
    facts.renew({ epoch: EPOCH, revision: 3, sinceMs: 5 });
    expect(facts.under(POLICY)).toBe(first);
    facts.replace({ epoch: EPOCH, revision: 4, sinceMs: 0, groups: [] }, 0);
    expect(facts.under(POLICY).archives()).toEqual([]);
  });
});

describe('a message about them', () => {
  const shop = groupOf({ m: [archive('a')] });
  const data = groupOf({ m: [archive('b')] }, { group: 'data/db-0' });
  const next = (groups: RemoteGroup[], monotonicMs = 1) => {
    const facts = told([shop, data]);
    return [...facts.replace({ epoch: EPOCH, revision: 4, sinceMs: 1, groups }, monotonicMs)];
  };

  it('tells which namespaces have to be looked at again', () => {
    expect(next([data, shop])).toEqual([]);
    expect(next([shop, { ...data, due: ['data/db-0'] }])).toEqual(['data']);
    expect(next([shop, groupOf({ m: [archive('a')] }, { group: 'new' })])).toEqual(['new']);
    expect(next([])).toEqual([]);
  });

  it('makes all be looked at again when what was known did not count any more', () => {
    expect(next([shop, data], 60_001)).toEqual(['shop', 'data']);
  });

  it('is confirmed by its own epoch and revision alone, and never for a shorter time', () => {
    const facts = told([], 100);
    const untilMs = (confirmed: Parameters<typeof facts.renew>[0]): number[] => {
      facts.renew(confirmed);
      return [60_100, 60_101, 60_200, 60_201].filter((ms) => facts.isFresh(ms));
    };
    expect(untilMs({ epoch: EPOCH, revision: 4, sinceMs: 200 })).toEqual([60_100]);
    expect(untilMs({ epoch: LATER, revision: 3, sinceMs: 200 })).toEqual([60_100]);
    expect(untilMs({ epoch: EPOCH, revision: 3, sinceMs: 50 })).toEqual([60_100]);
    expect(untilMs({ epoch: EPOCH, revision: 3, sinceMs: 200 })).toEqual([60_100, 60_101, 60_200]);
    expect(facts.isFresh(199)).toBe(false);
  });
});
