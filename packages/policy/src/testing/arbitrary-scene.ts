import fc from 'fast-check';
import { groupKey, groupKeysOf } from '../group-key.ts';
import type { Archive, GroupKey, OwnerState, PlanInput, Policy } from '../types.ts';
import { archives, CONTAINERS, NAMESPACES, PODS } from './arbitrary-archive.ts';
import { policies } from './arbitrary-policy.ts';

/** The instant of every {@link Scene}, Unix ms. */
export const NOW_MS = 1_000;

/** The node whose archives a {@link Scene} plans; it sorts between those of the remote archives. */
const NODE = 'node-5';
const OTHER_NODES = ['node-3', 'node-7'];

/** A plan's input as plain data that a failing property can print. */
export interface Scene {
  readonly archives: readonly Archive[];
  readonly remote: readonly Archive[];
  readonly policy: Policy;
  /** By `ns/pod/container`; who is not in it is unknown. */
  readonly ownerStates: Readonly<Record<GroupKey, OwnerState>>;
  readonly due: readonly GroupKey[] | 'all';
  readonly clockTrusted: boolean;
  readonly disk: PlanInput['disk'];
}

const ALL_CONTAINERS = NAMESPACES.flatMap((namespace) =>
  PODS.flatMap((pod) => CONTAINERS.map((container) => ({ namespace, pod, container }))),
);
const ALL_GROUPS = [...new Set(ALL_CONTAINERS.flatMap(groupKeysOf))];

const ownerState: fc.Arbitrary<OwnerState> = fc.oneof(
  fc.record({ state: fc.constant('absent' as const), goneForMs: fc.nat(3) }),
  fc.constant({ state: 'present' as const }),
  fc.constant({ state: 'unknown' as const }),
);

/** Everything the planner can be given, in small. */
export const scenes: fc.Arbitrary<Scene> = fc.record({
  archives: archives({ nodes: [NODE], maxLength: 14, nowMs: NOW_MS }),
  remote: fc.oneof(fc.constant([]), archives({ nodes: OTHER_NODES, maxLength: 6, nowMs: NOW_MS })),
  policy: policies,
  ownerStates: fc.dictionary(
    fc.constantFrom(...ALL_CONTAINERS.map((owner) => groupKey('container', owner))),
    ownerState,
    { maxKeys: 6, noNullPrototype: true },
  ),
  due: fc.oneof(fc.constant('all' as const), fc.subarray(ALL_GROUPS)),
  clockTrusted: fc.constantFrom(true, true, true, false),
  disk: fc.option(fc.record({ sizeBytes: fc.constant(100), availBytes: fc.nat(60) }), {
    nil: undefined,
    freq: 2,
  }),
});

/** A scene as the planner takes it. */
export function toPlanInput({ ownerStates, due, ...scene }: Scene): PlanInput {
  return {
    ...scene,
    nowMs: NOW_MS,
    ownerState: (owner) => ownerStates[groupKey('container', owner)] ?? { state: 'unknown' },
    due: due === 'all' ? 'all' : new Set(due),
  };
}
