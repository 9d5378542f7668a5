import { API_VERSION, type CheckpointRetentionPolicy, compile, KIND } from '@checkpoint-warden/api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resolvePolicies } from './resolve-policies.ts';

const value = fc.constantFrom('a', 'b');
const labels = fc.record({ pool: value, zone: value, host: value }, { requiredKeys: [] });
const objects = fc
  .array(
    fc.record(
      { nodeSelector: labels, globalPolicy: fc.constant({ maxCheckpointsPerContainer: 3 }) },
      { requiredKeys: ['globalPolicy'] },
    ),
    { maxLength: 4 },
  )
  .map((specs) =>
    specs.map(
      (spec, index) =>
        ({
          apiVersion: API_VERSION,
          kind: KIND,
          metadata: { name: `p${index}`, creationTimestamp: `2026-01-0${index + 1}T00:00:00Z` },
          spec,
        }) as CheckpointRetentionPolicy,
    ),
  );

it('gives each node what would be compiled for it alone, whichever nodes were asked for before', () => {
  fc.assert(
    fc.property(objects, fc.array(labels, { maxLength: 12 }), (policies, nodes) => {
      const resolved = resolvePolicies(policies);
      for (const node of nodes) {
        const alone = compile(policies, { labels: node as Record<string, string> });
        const { policy, objects } = resolved.forNode(node as Record<string, string>);
        expect(policy).toEqual(alone.policy);
        expect([...objects].sort()).toEqual(
          alone.objects
            .filter(({ applies }) => applies)
            .map(({ name }) => name)
            .sort(),
        );
      }
    }),
  );
});
