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

  it('compiles once for all nodes that the same objects choose, though a label has a value of its own on each', () => {
    const hosts = Array.from({ length: 100 }, (_, index) => ({ host: `node-${index}` }));
    const resolved = resolvePolicies([
      object('one', { nodeSelector: { host: 'node-7' }, globalPolicy: LIMIT }),
      object('all', { namespacePolicies: [{ namespace: 'dev', maxCheckpoints: 2 }] }),
    ]);
    const distinct = new Set(hosts.map((labels) => resolved.forNode(labels)));
    expect([...distinct].map(({ objects }) => [...objects].sort().join())).toEqual(['all', 'all,one']);
  });

  it('has one policy where other objects come to the same', () => {
    const resolved = resolvePolicies([
      object('old', { globalPolicy: LIMIT }),
      object('young', { nodeSelector: { pool: 'gpu' }, globalPolicy: LIMIT }, '2026-01-02T00:00:00Z'),
    ]);
    const [cpu, gpu] = [resolved.forNode({ pool: 'cpu' }), resolved.forNode({ pool: 'gpu' })];
    expect([cpu.objects.size, gpu.objects.size]).toEqual([1, 2]);
    expect(gpu.policy).toBe(cpu.policy);
  });

  it('knows whether labels matter: an object that is not valid chooses no node', () => {
    const selecting = { nodeSelector: { pool: 'gpu' }, globalPolicy: LIMIT };
    const has = (...specs: unknown[]) =>
      resolvePolicies(specs.map((spec, index) => object(`p${index}`, spec))).hasSelectors;
    expect(has({ globalPolicy: LIMIT }, selecting)).toBe(true);
    expect(has({ globalPolicy: LIMIT, nodeSelector: {} })).toBe(false);
    expect(has({ ...selecting, nonsense: true })).toBe(false);
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
