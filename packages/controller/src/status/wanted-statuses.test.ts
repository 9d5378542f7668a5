import { API_VERSION, type CheckpointRetentionPolicy, KIND } from '@checkpoint-warden/api';
import type { Problem } from '@checkpoint-warden/errors';
import { describe, expect, it } from 'vitest';
import { makeView } from '../testing/make-state.ts';
import { wantedStatuses } from './wanted-statuses.ts';

const PROBLEM: Problem = { path: 'spec.mode', message: 'is wrong' };

/** What is said of one policy that applies on all of `applies`. */
function statusOf({ applies, problems = [] }: { applies: readonly string[]; problems?: readonly Problem[] }) {
  const object: CheckpointRetentionPolicy = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'p' },
    spec: {},
  };
  const [wanted] = wantedStatuses({
    reconciled: {
      reports: [{ object, problems, conflicts: [], useless: [] }],
      applies: (_, node) => applies.includes(node),
      idle: new Map(),
      unresolved: new Set(['gpu-1']),
    },
    policies: new Map([['p', { object, uid: 'u', generation: 1, status: undefined }]]),
    agents: [makeView('node-1'), makeView('gpu-1')],
    troubles: [],
    nowMs: 0,
  });
  const conditions = wanted?.status.conditions?.map(({ type, status, reason }) => [
    type,
    `${status} ${reason}`,
  ]);
  return { nodes: wanted?.status.nodes, conditions: Object.fromEntries(conditions ?? []) };
}

describe('a node of which it is not known which policies apply there', () => {
  it('does not count as having what it should, though it enforces its order', () => {
    expect(statusOf({ applies: ['node-1', 'gpu-1'] })).toEqual({
      nodes: { desired: 2, ready: 2, current: 1 },
      conditions: { Accepted: 'True Valid', Enforced: 'False Pending', Degraded: 'True NodesUnknown' },
    });
  });

  it('is told of by a policy that may apply there, and not counted', () => {
    expect(statusOf({ applies: ['node-1'] })).toEqual({
      nodes: { desired: 1, ready: 1, current: 1 },
      conditions: {
        Accepted: 'True Valid',
        Enforced: 'True InForceEverywhere',
        Degraded: 'True NodesUnknown',
      },
    });
  });

  it('is nothing to a policy that is not valid, and so applies nowhere', () => {
    expect(statusOf({ applies: [], problems: [PROBLEM] }).conditions.Degraded).toBe('False Healthy');
  });
});
