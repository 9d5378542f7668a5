import type { State } from '@checkpoint-warden/api';
import { formatBytes } from '@checkpoint-warden/policy';
import { summarizeNames } from '../status/summarize-names.ts';

/** Something worth an Event: about one policy, on one node, never about a single file. */
export interface PolicyEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason:
    | 'ArchivesDeleted'
    | 'WouldDelete'
    | 'DeletionFailed'
    | 'LimitUnreachable'
    | 'NodePressure'
    | 'PolicyInvalid'
    | 'PolicyConflict';
  /** What was being done. */
  readonly action: 'Enforce' | 'Compile';
  /** Name of the policy object. */
  readonly policy: string;
  readonly node?: string;
  readonly note: string;
}

type Row = State['deleted'][number];

const PRESSURE: readonly string[] = ['over-node-size', 'low-free-space'];

/** What has happened on a node between two of its states. Pure. */
export function agentEvents(before: State, now: State): PolicyEvent[] {
  const { node } = now;
  const events: PolicyEvent[] = [];
  const add = (event: Omit<PolicyEvent, 'node' | 'action'>) =>
    events.push({ ...event, node, action: 'Enforce' });

  const deleted = growth(before.deleted, now.deleted);
  for (const [policy, rows] of byPolicy(deleted.filter(({ reason }) => !PRESSURE.includes(reason))))
    add({ type: 'Normal', reason: 'ArchivesDeleted', policy, note: `${node}: deleted ${describe(rows)}` });
  for (const [policy, rows] of byPolicy(deleted.filter(({ reason }) => PRESSURE.includes(reason))))
    add({
      type: 'Warning',
      reason: 'NodePressure',
      policy,
      note: `${node}: deleted for the node’s disk ${describe(rows)}`,
    });
  for (const [policy, rows] of byPolicy(growth(before.wouldDelete, now.wouldDelete)))
    add({
      type: 'Normal',
      reason: 'WouldDelete',
      policy,
      note: `${node}: in Audit mode, would delete ${describe(rows)}`,
    });

  for (const [policy, rows] of byPolicy(growth(before.failing, now.failing))) {
    const note = `${node}: cannot delete ${describe(rows)}; the agent’s log says why`;
    add({ type: 'Warning', reason: 'DeletionFailed', policy, note });
  }
  const known = new Set(before.unreachable.limits.map(limitKey));
  const began = now.unreachable.limits.filter((limit) => !known.has(limitKey(limit)));
  for (const [policy, limits] of Map.groupBy(began, ({ rule }) => policyOf(rule))) {
    const named = summarizeNames(limits.map(({ limit, group }) => `${limit} of ${group ?? 'the node'}`));
    add({
      type: 'Warning',
      reason: 'LimitUnreachable',
      policy,
      note: `${node}: pins or keepLast stand against ${named}`,
    });
  }
  return events;
}

type Amounts = Pick<Row, 'policy' | 'reason' | 'count' | 'bytes'>;

/** What has been added. A total that fell begins anew: the agent lost its record. */
function growth(before: readonly Amounts[], now: readonly Amounts[]): Amounts[] {
  return now.flatMap(({ policy, reason, count, bytes }) => {
    const last = before.find((row) => row.policy === policy && row.reason === reason);
    const more = count - (last?.count ?? 0);
    return more > 0 ? [{ policy, reason, count: more, bytes: Math.max(0, bytes - (last?.bytes ?? 0)) }] : [];
  });
}

function byPolicy(rows: readonly Amounts[]): Map<string, Amounts[]> {
  return Map.groupBy(rows, ({ policy }) => policy);
}

/** `3 archives, 1.2 GiB: 2 over-count, 1 expired` */
function describe(rows: readonly Amounts[]): string {
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const reasons = rows.map((row) => `${row.count} ${row.reason}`).join(', ');
  return `${count} ${count === 1 ? 'archive' : 'archives'}, ${formatBytes(bytes)}: ${reasons}`;
}

function policyOf(rule: string): string {
  return rule.slice(0, Math.max(0, rule.indexOf('/')));
}

function limitKey({ limit, rule, group }: State['unreachable']['limits'][number]): string {
  return `${limit} ${rule} ${group ?? ''}`;
}
