import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import { whyNeverMatches } from './never-matches.ts';
import { API_VERSION, type CheckpointRetentionPolicy, KIND } from './policy-object.ts';

describe('whyNeverMatches', () => {
  it.each([
    ['namespace', 'team.a'],
    ['container', 'my.app*'],
    ['namespace', '-dev*'],
    ['pod', '*web-'],
    ['pod', 'web-.a'],
    ['namespace', 'a'.repeat(64)],
    ['pod', `${'a'.repeat(254)}*`],
  ] as const)('finds that no %s is called %s', (field, pattern) => {
    expect(whyNeverMatches(field, pattern)).toMatch(`a ${field} name`);
  });

  it.each([
    ['namespace', 'dev-*'],
    ['pod', 'web.*.a'],
    ['pod', '*'],
    ['pod', '*-0'],
    ['container', `${'a'.repeat(63)}*`],
  ] as const)('finds nothing against the %s %s', (field, pattern) => {
    expect(whyNeverMatches(field, pattern)).toBeUndefined();
  });

  it('leaves such an entry out of the policy, and the others in', () => {
    const object: CheckpointRetentionPolicy = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'default' },
      spec: {
        namespacePolicies: [
          { namespace: 'team.a', maxCheckpoints: 1 },
          { namespace: 'shop', maxCheckpoints: 2 },
        ],
      },
    };
    const { policy, objects, warnings } = compile([object]);
    expect(policy.rules.map(({ id }) => id)).toEqual(['default/namespacePolicies[1]']);
    expect(objects[0]?.useless).toEqual([
      {
        path: 'spec.namespacePolicies[0].namespace',
        pattern: 'team.a',
        why: 'a namespace name holds no dots',
      },
    ]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'matches nothing: a namespace name holds no dots',
    ]);
  });
});
