import {
  API_VERSION,
  type CheckpointRetentionPolicy,
  collectProblems,
  KIND,
  PolicyStatusSchema,
} from '@checkpoint-warden/api';
import { describe, expect, it } from 'vitest';
import { makeState, makeView } from '../testing/make-state.ts';
import { policyStatus, REASON, type StatusInput } from './policy-status.ts';

const NOW_MS = Date.UTC(2026, 5, 1, 12, 0, 0, 700);
const OBJECT: CheckpointRetentionPolicy = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: 'default' },
  spec: {},
};
const REPORT = { object: OBJECT, problems: [], conflicts: [], useless: [] };

function status(changes: Partial<StatusInput> = {}) {
  return policyStatus({
    report: REPORT,
    generation: 4,
    agents: [makeView('node-1'), makeView('node-2')],
    idle: [],
    unresolved: [],
    before: undefined,
    nowMs: NOW_MS,
    troubles: [],
    ...changes,
  });
}

function condition(type: string, changes: Partial<StatusInput>): string {
  const found = status(changes).conditions?.find((each) => each.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
}

const view = makeView;
const state = (node: string, changes: Parameters<typeof makeState>[0]) =>
  view(node, { state: makeState({ node, ...changes }) });
const CONFLICT = { path: 'spec.globalPolicy', scope: 'globalPolicy', winner: 'old' };
const PROBLEM = { path: 'spec.podPolicies[0].pod', message: 'must not be empty', remedy: 'write a name' };

/** Every sentence that a condition can say. */
const SAYINGS: readonly [string, Partial<StatusInput>, string][] = [
  ['Accepted', {}, 'True Valid: Valid, and no older policy is for the same.'],
  [
    'Accepted',
    { report: { ...REPORT, problems: [PROBLEM, { path: 'x', message: 'y' }] } },
    'False Invalid: The policy is not in force. spec.podPolicies[0].pod: must not be empty; write a name (and 1 more)',
  ],
  [
    'Accepted',
    { report: { ...REPORT, conflicts: [CONFLICT] } },
    'False Conflict: Parts are not in force, as older policies are for the same: spec.globalPolicy (by old).',
  ],
  [
    'Accepted',
    {
      report: {
        ...REPORT,
        useless: [{ path: 'spec.podPolicies[0].pod', pattern: 'A', why: 'no name has capitals' }],
      },
    },
    'False NeverMatches: Parts can match nothing: spec.podPolicies[0].pod "A": no name has capitals.',
  ],
  ['Enforced', {}, 'True InForceEverywhere: In force on every node that can be reached.'],
  [
    'Enforced',
    { report: { ...REPORT, problems: [PROBLEM] } },
    'False Invalid: The policy is not valid: see Accepted.',
  ],
  ['Enforced', { agents: [] }, 'Unknown NoAgents: No agent runs on a node of this policy.'],
  [
    'Enforced',
    { agents: [view('a', { reach: 'unreachable', isCurrent: false })] },
    'Unknown NoAgents: No agent of this policy can be reached.',
  ],
  [
    'Enforced',
    { agents: 'abcdefg'.split('').map((node) => view(node, { isCurrent: false })) },
    'False Pending: Not yet in force on a, b, c, d, e and 2 more.',
  ],
  [
    'Enforced',
    { agents: [view('a'), view('b', { reach: 'unreachable', isCurrent: false })] },
    'True InForceEverywhere: In force on every node that can be reached.',
  ],
  ['Degraded', {}, 'False Healthy: Nothing is wrong.'],
  [
    'Degraded',
    {
      agents: [
        view('a', { reach: 'unreachable', trouble: 'no answer within 8000 ms' }),
        view('b', { reach: 'stand-alone' }),
      ],
    },
    'True AgentsUnusable: Agents: a (no answer within 8000 ms), b (has a policy file of its own).',
  ],
  [
    'Degraded',
    { unresolved: ['gpu-1', 'gpu-2'] },
    'True NodesUnknown: Which policies apply is not known where there is no Node object: gpu-1, gpu-2. Agents there go on with the policy that they have; restart the kubelet of a node that is to stay.',
  ],
  ['Degraded', { troubles: ['watch pods: 403 Forbidden'] }, 'True OwnersUnknown: watch pods: 403 Forbidden'],
  [
    'Degraded',
    {
      agents: [
        state('a', {
          failing: [
            { policy: 'default', reason: 'expired', count: 3, bytes: 9 },
            { policy: 'other', reason: 'expired', count: 7, bytes: 9 },
          ],
        }),
      ],
    },
    'True DeletionsFail: Archives that cannot be deleted: 3 on a (expired).',
  ],
  [
    'Degraded',
    {
      agents: [
        view('a', { orphans: { orphaned: 0, unknown: 2, why: 'get pods: 500' } }),
        view('b', { orphans: { orphaned: 0, unknown: 3, why: 'x' } }),
      ],
    },
    'True OwnersUnknown: Whether the pods of 5 archives exist is not known, so they are kept: get pods: 500.',
  ],
  [
    'Degraded',
    { agents: [view('a', { orphans: { orphaned: 0, unknown: 2, why: undefined } })] },
    'False Healthy: Nothing is wrong.',
  ],
  [
    'Degraded',
    {
      agents: [
        state('a', {
          unreachable: {
            count: 2,
            limits: [
              {
                limit: 'maxCheckpoints',
                rule: 'default/globalPolicy',
                group: 'shop/web-0',
                mode: 'Enforce',
                excess: 1,
              },
              {
                limit: 'maxCheckpoints',
                rule: 'default-2/globalPolicy',
                group: 'x',
                mode: 'Enforce',
                excess: 1,
              },
            ],
          },
        }),
      ],
    },
    'True LimitsUnreachable: Pins or keepLast stand against maxCheckpoints of shop/web-0 on a.',
  ],
  [
    'Degraded',
    { agents: [state('a', { clock: { trusted: false, why: 'it stepped' } })] },
    'True ClockDoubted: Nothing goes by age where the clock is not trusted: a (it stepped).',
  ],
  [
    'Degraded',
    { troubles: ['list nodes: 500'], agents: [state('a', { clock: { trusted: false, why: 'it stepped' } })] },
    'True OwnersUnknown: list nodes: 500 Nothing goes by age where the clock is not trusted: a (it stepped).',
  ],
];

it('counts nodes whose agent does not run as to be served, and names them', () => {
  const idle = [['node-3', 'pod agent-x does not run: ContainerCreating']] as const;
  expect(status({ idle }).nodes).toEqual({ desired: 3, ready: 2, current: 2 });
  expect(condition('Degraded', { idle })).toBe(
    'True AgentsUnusable: Agents: node-3 (pod agent-x does not run: ContainerCreating).',
  );
});

describe('the conditions of a policy', () => {
  it.each(SAYINGS)('%s with %j', (type, changes, expected) => {
    expect(condition(type, changes)).toBe(expected);
  });

  it('have every reason tested here', () => {
    const said = new Set(SAYINGS.map(([, , text]) => text.split(/[ :]/)[1]));
    expect(said).toEqual(new Set(Object.values(REASON)));
  });

  it('keep the time of the last change while their status stays, whatever their reason', () => {
    const before = status({ nowMs: NOW_MS - 60_000 });
    const times = (changes: Partial<StatusInput>) =>
      status({ before, ...changes }).conditions?.map(({ lastTransitionTime }) =>
        lastTransitionTime.slice(11),
      );
    expect(times({})).toEqual(['11:59:00Z', '11:59:00Z', '11:59:00Z']);
    expect(times({ troubles: ['x'] })).toEqual(['11:59:00Z', '11:59:00Z', '12:00:00Z']);
    expect(times({ agents: [] })).toEqual(['11:59:00Z', '12:00:00Z', '11:59:00Z']);
  });
});

describe('the figures of a policy', () => {
  const amount = (count: number) => ({ count, bytes: count * 1024 });
  const states = {
    complete: amount(5),
    pinned: amount(1),
    writing: amount(2),
    incomplete: amount(3),
    unattributed: amount(4),
  };
  const agents = [
    view('a', {
      orphans: { orphaned: 6, unknown: 0, why: undefined },
      state: makeState({
        node: 'a',
        archives: { ...amount(15), states },
        deleted: [
          { policy: 'default', reason: 'expired', ...amount(2), lastAt: '2026-05-01T00:00:00.900Z' },
          { policy: 'other', reason: 'expired', ...amount(9), lastAt: '2026-05-09T00:00:00.000Z' },
        ],
      }),
    }),
    view('b', { reach: 'unreachable', isCurrent: false, state: makeState({ node: 'b', ready: false }) }),
    view('c', { reach: 'unreachable', isCurrent: false, state: undefined }),
  ];

  it('are sums over its nodes, and what was deleted under it', () => {
    expect(status({ agents })).toMatchObject({
      observedGeneration: 4,
      nodes: { desired: 3, ready: 1, current: 1 },
      archives: {
        count: 15,
        bytes: 15_360,
        size: '15 KiB',
        pinned: 1,
        incomplete: 5,
        unattributed: 4,
        orphaned: 6,
      },
      deleted: { count: 2, bytes: 2_048, size: '2 KiB', lastTime: '2026-05-01T00:00:00Z' },
    });
  });

  it('are as the CRD has them', () => {
    expect(collectProblems(PolicyStatusSchema, status({ agents }))).toEqual([]);
  });
});
