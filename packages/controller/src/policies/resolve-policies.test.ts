import { API_VERSION, type CheckpointRetentionPolicy, KIND } from '@checkpoint-warden/api';
import { EMPTY_POLICY } from '@checkpoint-warden/policy';
import { describe, expect, it } from 'vitest';
import { resolvePolicies } from './resolve-policies.ts';

function object(name: string, spec: unknown, createdAt = '2026-01-01T00:00:00Z'): CheckpointRetentionPolicy {
  const metadata = { name, creationTimestamp: createdAt };
  return { apiVersion: API_VERSION, kind: KIND, metadata, spec } as CheckpointRetentionPolicy;
}

const LIMIT = { maxCheckpointsPerContainer: 3 };
const ruleIds = (resolved: ReturnType<typeof resolvePolicies>, labels?: Record<string, string>) =>
  resolved.forNode(labels).policy.rules.map(({ id }) => id);

describe('resolvePolicies', () => {
  it('makes of nothing the policy that deletes nothing', () => {
    expect(resolvePolicies([]).forNode({}).policy).toEqual(EMPTY_POLICY);
  });

  it('leaves out an object that is not valid, as a whole, and keeps the others in force', () => {
    const resolved = resolvePolicies([
      object('bad', {
        globalPolicy: LIMIT,
        podPolicies: [{ namespace: 'shop', pod: 'web-*', maxCheckpoints: -1 }],
      }),
      object('good', { namespacePolicies: [{ namespace: 'dev', maxCheckpoints: 2 }] }),
    ]);
    expect(ruleIds(resolved)).toEqual(['good/namespacePolicies[0]']);
    const [bad, good] = resolved.reports([]);
    expect(bad?.problems.length).toBeGreaterThan(0);
    expect(good?.problems).toEqual([]);
  });

  it.each([undefined, null, 7, { nonsense: true }])('survives the spec %o', (spec) => {
    const resolved = resolvePolicies([object('bad', spec), object('good', { globalPolicy: LIMIT })]);
    expect(ruleIds(resolved)).toEqual(['good/globalPolicy']);
  });

  it('applies an object with a nodeSelector where the labels are, and nowhere where they are not known', () => {
    const resolved = resolvePolicies([object('gpu', { nodeSelector: { pool: 'gpu' }, globalPolicy: LIMIT })]);
    expect([...resolved.forNode({ pool: 'gpu', zone: 'a' }).objects]).toEqual(['gpu']);
    expect([...resolved.forNode({ pool: 'cpu' }).objects]).toEqual([]);
    expect([...resolved.forNode(undefined).objects]).toEqual([]);
  });

  it('compiles once for all nodes that no selector tells apart', () => {
    const resolved = resolvePolicies([object('gpu', { nodeSelector: { pool: 'gpu' }, globalPolicy: LIMIT })]);
    expect(resolved.forNode({ pool: 'gpu', host: '1' })).toBe(resolved.forNode({ pool: 'gpu', host: '2' }));
    expect(resolved.forNode({ host: '1' })).toBe(resolved.forNode(undefined));
  });

  it('tells of a conflict where the objects meet, and who has won', () => {
    const objects = [
      object('young', { nodeSelector: { pool: 'gpu' }, globalPolicy: LIMIT }, '2026-01-02T00:00:00Z'),
      object('old', { globalPolicy: LIMIT }),
    ];
    const resolved = resolvePolicies(objects);
    const [cpu, gpu] = [resolved.forNode({ pool: 'cpu' }), resolved.forNode({ pool: 'gpu' })];
    const conflictsIn = (inForce: (typeof cpu)[]) =>
      resolved.reports(inForce).map(({ conflicts }) => conflicts);
    expect(conflictsIn([cpu])).toEqual([[], []]);
    expect(conflictsIn([cpu, gpu, gpu])).toEqual([
      [],
      [{ path: 'spec.globalPolicy', scope: 'globalPolicy', winner: 'old' }],
    ]);
  });
});
