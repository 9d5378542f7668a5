import { describe, expect, it } from 'vitest';
import { makeState } from '../testing/make-state.ts';
import { agentEvents } from './agent-events.ts';

type State = ReturnType<typeof makeState>;
type Reason = State['failing'][number]['reason'];

const sum = (reason: Reason, count: number, policy = 'default') => ({
  policy,
  reason,
  count,
  bytes: count * 1024,
});
const total = (reason: Reason, count: number, policy = 'default') => ({
  ...sum(reason, count, policy),
  lastAt: '2026-01-01T00:00:00.000Z',
});
const limit = (group: string): State['unreachable']['limits'][number] => ({
  limit: 'maxCheckpoints',
  rule: 'default/globalPolicy',
  group,
  mode: 'Enforce',
  excess: 1,
});

function between(before: Partial<State>, now: Partial<State>): string[] {
  const events = agentEvents(makeState(before), makeState(now));
  return events.map(({ type, reason, policy, note }) => `${type} ${reason} ${policy}: ${note}`);
}

describe('agentEvents', () => {
  it('says nothing of what has not changed', () => {
    const same = {
      deleted: [total('expired', 5)],
      failing: [sum('expired', 1)],
      wouldDelete: [sum('expired', 1)],
    };
    expect(between(same, same)).toEqual([]);
  });

  it.each<[string, Partial<State>, Partial<State>, string[]]>([
    [
      'deletions, one Event for each policy',
      { deleted: [total('expired', 5)] },
      { deleted: [total('expired', 6), total('over-count', 2), total('orphaned', 1, 'other')] },
      [
        'Normal ArchivesDeleted default: node-1: deleted 3 archives, 3 KiB: 1 expired, 2 over-count',
        'Normal ArchivesDeleted other: node-1: deleted 1 archive, 1 KiB: 1 orphaned',
      ],
    ],
    [
      'deletions for the node’s disk, by themselves',
      {},
      { deleted: [total('low-free-space', 1), total('expired', 1)] },
      [
        'Normal ArchivesDeleted default: node-1: deleted 1 archive, 1 KiB: 1 expired',
        'Warning NodePressure default: node-1: deleted for the node’s disk 1 archive, 1 KiB: 1 low-free-space',
      ],
    ],
    [
      'what Audit mode would have deleted',
      { wouldDelete: [sum('expired', 1)] },
      { wouldDelete: [sum('expired', 3)] },
      ['Normal WouldDelete default: node-1: in Audit mode, would delete 2 archives, 2 KiB: 2 expired'],
    ],
    [
      'deletions that fail',
      {},
      { failing: [sum('expired', 1)] },
      [
        'Warning DeletionFailed default: node-1: cannot delete 1 archive, 1 KiB: 1 expired; the agent’s log says why',
      ],
    ],
    [
      'limits that have become unreachable',
      { unreachable: { count: 1, limits: [limit('shop/a')] } },
      { unreachable: { count: 2, limits: [limit('shop/a'), limit('shop/b')] } },
      ['Warning LimitUnreachable default: node-1: pins or keepLast stand against maxCheckpoints of shop/b'],
    ],
    [
      'nothing where a total has begun anew',
      { deleted: [total('expired', 9)] },
      { deleted: [total('expired', 2)] },
      [],
    ],
  ])('tells of %s', (_, before, now, expected) => {
    expect(between(before, now)).toEqual(expected);
  });
});
