import { AppError } from '@checkpoint-warden/errors';
import { EMPTY_POLICY } from '@checkpoint-warden/policy';
import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import { API_VERSION, type CheckpointRetentionPolicy, KIND } from './policy-object.ts';
import type { PolicySpec } from './policy-spec.ts';
import { VALID_POLICIES } from './testing/valid-policies.ts';

const object = (name: string, spec: PolicySpec, creationTimestamp?: string): CheckpointRetentionPolicy => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: creationTimestamp === undefined ? { name } : { name, creationTimestamp },
  spec,
});
const MiB = 2 ** 20;
const GiB = 2 ** 30;

describe('compile', () => {
  it('makes the empty policy of no objects', () => {
    expect(compile([]).policy).toBe(EMPTY_POLICY);
  });

  it('turns every field into bytes and milliseconds', () => {
    const full = VALID_POLICIES['every field there is'];
    const { policy } = compile(full === undefined ? [] : [full], {
      labels: { pool: 'gpu', 'kubernetes.io/arch': 'amd64', more: 'labels' },
    });
    const common = {
      mode: 'Audit',
      applyImmediately: true,
      scope: 'Cluster',
      retainOrphan: true,
      orphanGraceMs: 0,
      keepLast: 0,
    };
    expect(policy).toEqual({
      rules: [
        {
          ...common,
          id: 'default/globalPolicy',
          level: 'global',
          keepLast: 1,
          maxArchiveBytes: 10 * GiB,
          maxAgeMs: 30 * 86_400_000,
          groups: [
            { level: 'container', maxCount: 10, maxTotalBytes: 100 * GiB },
            { level: 'pod', maxCount: 30, maxTotalBytes: 500 * GiB },
            { level: 'namespace', maxCount: 50, maxTotalBytes: 1024 * GiB },
          ],
        },
        {
          ...common,
          id: 'default/namespacePolicies[0]',
          level: 'namespace',
          namespace: 'dev-*',
          retainOrphan: false,
          maxAgeMs: 7 * 86_400_000,
          groups: [{ level: 'namespace', maxCount: 20, maxTotalBytes: 50 * GiB }],
        },
        {
          ...common,
          id: 'default/podPolicies[0]',
          level: 'pod',
          namespace: 'shop',
          pod: 'web-*',
          scope: 'Node',
          maxArchiveBytes: 2 * GiB,
          groups: [{ level: 'pod', maxCount: 6 }],
        },
        {
          ...common,
          id: 'default/containerPolicies[0]',
          level: 'container',
          namespace: 'shop',
          pod: 'web-0',
          container: 'app',
          keepLast: 2,
          groups: [{ level: 'container', maxCount: 2 }],
        },
      ],
      node: {
        id: 'default/nodePolicy',
        mode: 'Audit',
        maxTotalBytes: 204_800 * MiB,
        minFree: { percent: 10 },
        maxIncompleteAgeMs: 86_400_000,
      },
    });
  });

  it('fills in the defaults of what is left out', () => {
    const { policy } = compile([object('a', { podPolicies: [{ namespace: 'n', pod: 'p', keepLast: 1 }] })]);
    expect(policy).toEqual({
      rules: [
        {
          id: 'a/podPolicies[0]',
          level: 'pod',
          namespace: 'n',
          pod: 'p',
          mode: 'Enforce',
          applyImmediately: false,
          scope: 'Cluster',
          retainOrphan: true,
          orphanGraceMs: 60_000,
          keepLast: 1,
          groups: [],
        },
      ],
      node: { id: 'a/nodePolicy', mode: 'Enforce', maxIncompleteAgeMs: 86_400_000 },
    });
  });

  it('leaves a limit out that is 0 or beyond what any disk holds, and never makes it "keep none"', () => {
    const off = object('a', {
      globalPolicy: {
        maxCheckpointsPerPod: 0,
        maxCheckpointsPerContainer: 0,
        maxCheckpointSize: '8Pi',
        maxTotalSizePerPod: 0,
        maxTotalSizePerNamespace: '9999Ei',
        maxCheckpointAge: '0s',
      },
      nodePolicy: { maxTotalSize: '0', minFreeSpace: '0%', maxIncompleteAge: '0' },
    });
    const { policy } = compile([off]);
    expect(policy.rules[0]).not.toHaveProperty('maxArchiveBytes');
    expect(policy.rules[0]).not.toHaveProperty('maxAgeMs');
    expect(policy.rules[0]?.groups).toEqual([]);
    expect(policy.node).toEqual({ id: 'a/nodePolicy', mode: 'Enforce' });
  });

  it('keeps incomplete leftovers for a day under a nodePolicy that does not speak of them', () => {
    const { policy } = compile([object('a', { nodePolicy: { minFreeSpace: '20Gi' } })]);
    expect(policy.node).toEqual({
      id: 'a/nodePolicy',
      mode: 'Enforce',
      minFree: { bytes: 20 * GiB },
      maxIncompleteAgeMs: 86_400_000,
    });
  });

  it('takes the default nodePolicy from the oldest object that applies, with its mode', () => {
    const { policy } = compile(
      [
        object('young', { globalPolicy: { keepLast: 1 } }, '2026-11-03T00:00:00Z'),
        object('old', { mode: 'Audit', globalPolicy: { keepLast: 1 } }, '2026-11-02T00:00:00Z'),
        object('oldest', { globalPolicy: { keepLast: 1 }, nodeSelector: { a: 'b' } }, '2026-11-01T00:00:00Z'),
      ],
      { labels: {} },
    );
    expect(policy.node).toEqual({ id: 'old/nodePolicy', mode: 'Audit', maxIncompleteAgeMs: 86_400_000 });
  });

  it('refuses an object that is not valid rather than dropping its limit', () => {
    const invalid = object('a', { globalPolicy: { maxCheckpointSize: '10GB', maxCheckpointsPerPod: 1 } });
    expect(() => compile([invalid])).toThrow(AppError);
  });

  it('does not change the objects or their order', () => {
    const objects = [
      object('b', { globalPolicy: { keepLast: 1 } }, '2026-11-02T00:00:00Z'),
      object('a', { globalPolicy: { keepLast: 2 } }, '2026-11-01T00:00:00Z'),
    ];
    const before = structuredClone(objects);
    compile(objects);
    expect(objects).toEqual(before);
  });
});

describe('where several objects give the same scope, compile', () => {
  it('lets the older win and lists the younger’s part as a conflict', () => {
    const { policy, objects } = compile([
      object(
        'young',
        {
          globalPolicy: { keepLast: 2 },
          podPolicies: [
            { namespace: 'n', pod: 'only-mine', keepLast: 2 },
            { namespace: 'n', pod: 'p-*', keepLast: 2 },
          ],
          nodePolicy: { maxTotalSize: '2Gi' },
        },
        '2026-11-02T00:00:00Z',
      ),
      object(
        'old',
        {
          globalPolicy: { keepLast: 1 },
          podPolicies: [{ namespace: 'n', pod: 'p-*', keepLast: 1 }],
          nodePolicy: { maxTotalSize: '1Gi' },
        },
        '2026-11-01T00:00:00Z',
      ),
    ]);
    expect(objects).toEqual([
      { name: 'old', applies: true, conflicts: [], useless: [] },
      {
        name: 'young',
        applies: true,
        useless: [],
        conflicts: [
          { path: 'spec.globalPolicy', scope: 'globalPolicy', winner: 'old' },
          { path: 'spec.podPolicies[1]', scope: 'pod n/p-*', winner: 'old' },
          { path: 'spec.nodePolicy', scope: 'nodePolicy', winner: 'old' },
        ],
      },
    ]);
    expect(policy.rules.map(({ id }) => id)).toEqual([
      'old/globalPolicy',
      'old/podPolicies[0]',
      'young/podPolicies[0]',
    ]);
    expect(policy.node?.id).toBe('old/nodePolicy');
  });

  it('goes by name among objects of the same second, and puts objects of files last in their order', () => {
    const same = { globalPolicy: { keepLast: 1 } };
    const { objects } = compile([
      object('from-file-b', same),
      object('b', same, '2026-11-01T00:00:00Z'),
      object('from-file-a', same),
      object('a', same, '2026-11-01T00:00:00Z'),
    ]);
    expect(objects.map(({ name }) => name)).toEqual(['a', 'b', 'from-file-b', 'from-file-a']);
  });

  it('sees no conflict with an object that does not apply on the node', () => {
    const { objects, policy } = compile(
      [
        object(
          'gpu',
          { globalPolicy: { keepLast: 1 }, nodeSelector: { pool: 'gpu' } },
          '2026-11-01T00:00:00Z',
        ),
        object(
          'cpu',
          { globalPolicy: { keepLast: 2 }, nodeSelector: { pool: 'cpu' } },
          '2026-11-02T00:00:00Z',
        ),
      ],
      { labels: { pool: 'cpu' } },
    );
    expect(objects).toEqual([
      { name: 'gpu', applies: false, conflicts: [], useless: [] },
      { name: 'cpu', applies: true, conflicts: [], useless: [] },
    ]);
    expect(policy.rules.map(({ id }) => id)).toEqual(['cpu/globalPolicy']);
  });
});

describe('without knowing the node, compile', () => {
  it('does not apply an object with a nodeSelector, and says so', () => {
    const { policy, objects, warnings } = compile([
      object('a', { globalPolicy: { keepLast: 1 }, nodeSelector: { pool: 'gpu' } }),
    ]);
    expect(policy).toBe(EMPTY_POLICY);
    expect(objects).toEqual([{ name: 'a', applies: false, conflicts: [], useless: [] }]);
    expect(warnings).toEqual([
      {
        path: 'a/nodeSelector',
        message: 'a has a nodeSelector and does not apply: the labels of this node are not known',
        found: '{"pool":"gpu"}',
        remedy: 'take nodeSelector out of policies for an agent without a controller',
      },
    ]);
  });

  it('applies an object whose nodeSelector is empty', () => {
    const { objects, warnings } = compile([object('a', { globalPolicy: { keepLast: 1 }, nodeSelector: {} })]);
    expect(objects[0]?.applies).toBe(true);
    expect(warnings).toEqual([]);
  });
});
