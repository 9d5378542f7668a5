import { MAX_POLICY_SUMS, type State, toWireTime } from '@checkpoint-warden/api';
import type { Agent } from '../agent.ts';
import type { GroupReporter } from '../groups/group-report.ts';
import type { RemoteArchives } from '../groups/remote-archives.ts';
import type { ControlState, Message } from '../policy/control-state.ts';
import type { AuditLog } from '../state/audit-log.ts';
import type { DeletionTotal, DeletionTotals } from '../state/count-deletions.ts';
import { toWireEpoch, toWirePolicyInForce } from './wire-forms.ts';

/** Limits that are named; their number is told in any case. */
const MAX_UNREACHABLE = 100;

/** What the state is made of. */
export interface StatePorts {
  readonly node: string;
  readonly instance: string;
  readonly agent: Pick<Agent, 'status'>;
  readonly audit: Pick<AuditLog, 'lastSeq'>;
  readonly deletionTotals: Pick<DeletionTotals, 'current'>;
  readonly control: Pick<ControlState, 'owners'>;
  readonly remoteArchives: Pick<RemoteArchives, 'held'>;
  readonly groups: GroupReporter;
}

/** The answer of `GET /v1/state`. It does not grow with the archives. */
export function describeState(ports: StatePorts): State {
  const { node, instance, agent, audit, deletionTotals, control, remoteArchives } = ports;
  const { totals, lastScan, clock, unreachable, ...status } = agent.status();
  // Before the first scan nobody knows: `GET /v1/groups` is not answered then.
  const groups = status.ready ? ports.groups.under(status.policy.policy).version : undefined;
  return {
    node,
    ready: status.ready,
    policy: toWirePolicyInForce(status.policy),
    ...(control.owners === undefined ? {} : { owners: toWireMessage(control.owners) }),
    ...(remoteArchives.held === undefined ? {} : { remoteArchives: toWireMessage(remoteArchives.held) }),
    ...(groups === undefined ? {} : { groups }),
    inventory: { instance, revision: status.inventoryRevision },
    archives: {
      count: totals.count,
      bytes: totals.bytes,
      states: totals.states,
      ...(totals.oldestMs === undefined ? {} : { oldestAt: toWireTime(totals.oldestMs) }),
    },
    ...(lastScan === undefined
      ? {}
      : {
          lastScan: {
            finishedAt: toWireTime(lastScan.finishedMs),
            durationMs: Math.round(lastScan.durationMs),
          },
        }),
    auditSeq: audit.lastSeq,
    dueGroups: status.due,
    retrying: status.retrying,
    failing: status.failing.slice(0, MAX_POLICY_SUMS),
    deleted: deletionTotals.current().map(toWireTotal),
    wouldDelete: status.wouldDelete.slice(0, MAX_POLICY_SUMS),
    clock: { trusted: clock.trusted, ...(clock.trusted ? {} : { why: clock.why }) },
    unreachable: { count: unreachable.length, limits: unreachable.slice(0, MAX_UNREACHABLE) },
  };
}

function toWireMessage({ epoch, revision }: Message): NonNullable<State['owners']> {
  return { epoch: toWireEpoch(epoch), revision };
}

function toWireTotal({ lastMs, ...sum }: DeletionTotal): State['deleted'][number] {
  return { ...sum, lastAt: toWireTime(lastMs) };
}
