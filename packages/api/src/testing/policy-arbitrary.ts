import fc from 'fast-check';
import { API_VERSION, type CheckpointRetentionPolicy, KIND } from '../policy-object.ts';
import type { PolicySpec } from '../policy-spec.ts';

const size = fc.oneof(
  fc.nat(1_000_000),
  fc
    .tuple(fc.integer({ min: 1, max: 5_000 }), fc.constantFrom('Mi', 'Gi', 'Ti', 'G', 'e7'))
    .map((parts) => parts.join('')),
  fc.constantFrom('0', '9999Ei'),
);
const age = fc.tuple(fc.nat(500), fc.constantFrom('s', 'm', 'h', 'd', 'w')).map((parts) => parts.join(''));
const count = fc.nat(100);
const name = fc.stringMatching(/^[a-z0-9*][a-z0-9.*-]{0,5}$/);
const optional = { requiredKeys: [] as [] };

const rest = fc.record(
  {
    retainOrphan: fc.boolean(),
    scope: fc.constantFrom('Cluster' as const, 'Node' as const),
    maxCheckpointSize: size,
    maxCheckpointAge: age,
  },
  optional,
);
const entry = fc
  .tuple(rest, fc.record({ maxCheckpoints: count, maxTotalSize: size }, optional), fc.constantFrom(0, 1, 2))
  // keepLast: a limit that every entry has, and never above the count limit unless that is off.
  .map(([common, own, keepLast]) => ({
    ...common,
    ...own,
    keepLast: own.maxCheckpoints === 1 ? 1 : keepLast,
  }));
const globalPolicy = fc
  .tuple(
    rest,
    fc.record(
      {
        maxCheckpointsPerNamespace: count,
        maxCheckpointsPerPod: count,
        maxTotalSizePerNamespace: size,
        maxTotalSizePerPod: size,
        maxTotalSizePerContainer: size,
      },
      optional,
    ),
    count,
  )
  .map(([common, own, maxCheckpointsPerContainer]) => ({ ...common, ...own, maxCheckpointsPerContainer }));
const nodePolicy = fc
  .record(
    {
      minFreeSpace: fc.oneof(
        size,
        fc.nat(99).map((percent) => `${percent}%`),
      ),
      maxIncompleteAge: age,
    },
    optional,
  )
  .chain((given) => size.map((maxTotalSize) => ({ ...given, maxTotalSize })));

const entries = <T>(named: fc.Arbitrary<T>, scope: (entry: T) => string) =>
  fc.uniqueArray(named, { maxLength: 4, selector: scope });
const named = <N>(names: fc.Arbitrary<N>) =>
  fc.tuple(names, entry).map(([who, what]) => ({ ...who, ...what }));

const rules = fc.record(
  {
    globalPolicy,
    namespacePolicies: entries(named(fc.record({ namespace: name })), (e) => e.namespace),
    podPolicies: entries(named(fc.record({ namespace: name, pod: name })), (e) => `${e.namespace}/${e.pod}`),
    containerPolicies: entries(
      named(fc.record({ namespace: name, pod: name, container: name })),
      (e) => `${e.namespace}/${e.pod}/${e.container}`,
    ),
    nodePolicy,
  },
  { requiredKeys: ['globalPolicy'] },
);

const settings = fc.record(
  {
    mode: fc.constantFrom('Enforce' as const, 'Audit' as const),
    applyPoliciesImmediately: fc.boolean(),
    orphanGracePeriod: age,
    nodeSelector: fc.dictionary(fc.constantFrom('pool', 'zone'), fc.constantFrom('a', 'b')),
  },
  optional,
);

/** The spec of a valid policy. */
export const policySpecArbitrary: fc.Arbitrary<PolicySpec> = fc
  .tuple(settings, rules)
  .map(([how, what]) => ({ ...how, ...what }));

/** Valid policy objects as an API server holds them: with distinct names, and a creation time that may be the same. */
export const policyObjectsArbitrary: fc.Arbitrary<CheckpointRetentionPolicy[]> = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9]{0,3}$/), fc.nat(3), policySpecArbitrary), {
    maxLength: 4,
    selector: ([unique]) => unique,
  })
  .map((objects) =>
    objects.map(([unique, day, spec]) => ({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: unique, creationTimestamp: `2026-11-0${day + 1}T00:00:00Z` },
      spec,
    })),
  );
