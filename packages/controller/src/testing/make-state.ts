import type { State } from '@checkpoint-warden/api';
import type { LeaseEpoch } from '@checkpoint-warden/kube';
import type { AgentView } from '../agents/agent-view.ts';
import { type HeldOwner, heldOwners } from '../owners/held-owner.ts';
import { epochToWire } from '../wire-epoch.ts';

export const EPOCH: LeaseEpoch = { leaseCreatedMs: Date.UTC(2026, 0, 1), leaseTransitions: 3 };

const NOTHING = { count: 0, bytes: 0 };

/** The state of an agent that has just started, and has nothing. */
export function makeState(changes: Partial<State> = {}): State {
  return {
    node: 'node-1',
    ready: true,
    policy: { source: 'none', revision: 0, hash: 'none' },
    inventory: { instance: 'first-start', revision: 1 },
    archives: {
      ...NOTHING,
      states: {
        complete: NOTHING,
        pinned: NOTHING,
        writing: NOTHING,
        incomplete: NOTHING,
        unattributed: NOTHING,
      },
    },
    auditSeq: 0,
    dueGroups: 0,
    retrying: 0,
    failing: [],
    deleted: [],
    wouldDelete: [],
    clock: { trusted: true },
    unreachable: { count: 0, limits: [] },
    ...changes,
  };
}

/** What an agent says that enforces a policy of ours. */
export function inForce(hash: string, revision: number, epoch = EPOCH): State['policy'] {
  return { source: 'controller', epoch: epochToWire(epoch), revision, hash };
}

/** An owner of one archive, from `namespace/pod/container`. */
export function makeOwner(key: string, archives = 1): HeldOwner {
  const [namespace = '', pod = '', container = ''] = key.split('/');
  const [owner] = heldOwners([{ namespace, pod, container, podUids: [], archives, bytes: archives * 10 }]);
  if (owner === undefined) throw new Error('an owner makes an owner');
  return owner;
}

/** An agent that is as it should be. */
export function makeView(node: string, changes: Partial<AgentView> = {}): AgentView {
  return {
    place: { node, url: `https://${node}:9464`, origin: `pod agent-${node}` },
    reach: 'reachable',
    trouble: undefined,
    state: makeState({ node }),
    isCurrent: true,
    owners: [],
    orphans: { orphaned: 0, unknown: 0, why: undefined },
    ...changes,
  };
}
