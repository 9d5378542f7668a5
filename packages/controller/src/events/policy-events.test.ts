import { API_VERSION, KIND } from '@checkpoint-warden/api';
import type { EventRecord } from '@checkpoint-warden/kube';
import { describe, expect, it } from 'vitest';
import type { ObjectReport } from '../policies/resolve-policies.ts';
import { createPolicyEvents } from './policy-events.ts';
import { reportEvents } from './report-events.ts';

function report(changes: Partial<ObjectReport> = {}): ObjectReport {
  const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'default' }, spec: {} } as const;
  return { object, problems: [], conflicts: [], useless: [], ...changes };
}

const INVALID = report({ problems: [{ path: 'spec.mode', message: 'is not a mode' }] });
const CONFLICT = report({ conflicts: [{ path: 'spec.globalPolicy', scope: 'globalPolicy', winner: 'old' }] });

describe('reportEvents', () => {
  it('says what is wrong with a policy, and nothing of one that is right', () => {
    const useless = report({
      useless: [{ path: 'spec.podPolicies[0].pod', pattern: 'A', why: 'no name has capitals' }],
    });
    expect(
      [report(), INVALID, CONFLICT, useless]
        .flatMap(reportEvents)
        .map(({ reason, note }) => `${reason}: ${note}`),
    ).toEqual([
      'PolicyInvalid: not in force: spec.mode: is not a mode',
      'PolicyConflict: spec.globalPolicy is not in force: the older policy old is for globalPolicy as well',
      'PolicyInvalid: spec.podPolicies[0].pod "A" can match nothing: no name has capitals',
    ]);
  });
});

describe('the Events of policies', () => {
  function rig() {
    const records: EventRecord[] = [];
    const uids = new Map([['default', 'uid-1']]);
    return {
      records,
      uids,
      events: createPolicyEvents(
        (name) => uids.get(name),
        (event) => records.push(event),
      ),
    };
  }

  it('are about the object, and the node it happened on', () => {
    const { events, records } = rig();
    events.happened([
      {
        type: 'Normal',
        reason: 'ArchivesDeleted',
        action: 'Enforce',
        policy: 'default',
        node: 'node-1',
        note: 'n',
      },
    ]);
    expect(records).toEqual([
      {
        type: 'Normal',
        reason: 'ArchivesDeleted',
        action: 'Enforce',
        note: 'n',
        regarding: { apiVersion: API_VERSION, kind: KIND, name: 'default', uid: 'uid-1' },
        related: { apiVersion: 'v1', kind: 'Node', name: 'node-1' },
      },
    ]);
  });

  it('are not made of a policy that is gone', () => {
    const { events, records, uids } = rig();
    uids.clear();
    events.reports([INVALID]);
    expect(records).toEqual([]);
  });

  it('tell each thing once, and once more when it comes back', () => {
    const { events, records } = rig();
    for (const each of [INVALID, INVALID, report(), INVALID, CONFLICT]) events.reports([each]);
    expect(records.map(({ reason }) => reason)).toEqual(['PolicyInvalid', 'PolicyInvalid', 'PolicyConflict']);
  });
});
