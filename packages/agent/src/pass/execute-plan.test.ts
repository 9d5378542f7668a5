import { expect, it } from 'vitest';
import type { Removal } from '../archive/archive-store.ts';
import type { AuditIntent, AuditOutcome } from '../state/audit-entry.ts';
import { AUDIT_GROUP_SIZE } from '../state/audit-log.ts';
import { type ExecutionPorts, executePlan, type PlannedDeletion } from './execute-plan.ts';

const POLICY = { source: 'file', revision: 1, hash: 'h' };

function deletions(count: number): PlannedDeletion[] {
  return Array.from({ length: count }, (_, index) => ({
    reason: 'over-count',
    fileId: { dev: 1n, ino: BigInt(index), size: 1n, mtimeNs: 1n },
    verdict: {
      archive: {
        name: `a${index}`,
        node: 'n',
        sizeBytes: 1,
        mtimeMs: 0,
        createdAtMs: 0,
        state: 'complete',
        owner: undefined,
        pinned: false,
      },
      action: 'delete',
      reason: 'over-count',
      rule: undefined,
      mode: 'Enforce',
    },
  }));
}

/** Ports that write down in which order they were called. */
function recorder(ports: Partial<ExecutionPorts> & { removal?: (name: string) => Removal } = {}) {
  const calls: string[] = [];
  let seq = 0;
  const all: ExecutionPorts = {
    store: {
      remove({ name }) {
        calls.push(`remove ${name}`);
        return ports.removal?.(name) ?? { result: 'deleted' };
      },
    },
    audit: {
      append(intents: readonly AuditIntent[]) {
        calls.push(`intend ${intents.length}`);
        return intents.map(() => ++seq);
      },
      appendOutcomes(outcomes: readonly AuditOutcome[]) {
        calls.push(`conclude ${outcomes.map(({ intent, result }) => `${intent}:${result}`).join(' ')}`);
      },
    },
    isCurrent: () => true,
    ...ports,
  };
  return { calls, ports: all };
}

it('takes down every deletion before it happens, and its outcome after', async () => {
  const { calls, ports } = recorder();
  await executePlan(deletions(2), POLICY, ports);
  expect(calls).toEqual(['intend 2', 'remove a0', 'remove a1', 'conclude 1:deleted 2:deleted']);
});

it('goes on after one that cannot be deleted, and reports it with the rest', async () => {
  const { ports } = recorder({
    removal: (name) => (name === 'a1' ? { result: 'failed', why: 'EIO' } : { result: 'deleted' }),
  });
  const { executed } = await executePlan(deletions(3), POLICY, ports);
  expect(executed.map(({ removal }) => removal.result)).toEqual(['deleted', 'failed', 'deleted']);
});

it('deletes nothing when the audit log cannot be written', async () => {
  const { calls, ports } = recorder({
    audit: {
      append() {
        throw new Error('EIO');
      },
      appendOutcomes() {},
    },
  });
  const report = await executePlan(deletions(2), POLICY, ports);
  expect(calls).toEqual([]);
  expect(report).toMatchObject({ executed: [], auditErrors: [{ message: 'EIO' }] });
  expect(report.skipped).toHaveLength(2);
});

it('reports deletions even when their outcome could not be written', async () => {
  const { ports } = recorder();
  const audit = {
    ...ports.audit,
    appendOutcomes() {
      throw new Error('EIO');
    },
  };
  const report = await executePlan(deletions(1), POLICY, { ...ports, audit });
  expect(report.executed).toHaveLength(1);
  expect(report.auditErrors).toHaveLength(1);
});

it('does nothing with a plan that is old, and stops in the middle when it becomes so', async () => {
  expect(await executePlan(deletions(1), POLICY, recorder({ isCurrent: () => false }).ports)).toMatchObject({
    executed: [],
    skipped: [{}],
  });
  let asked = 0;
  const { ports } = recorder({ isCurrent: () => ++asked === 1 });
  const report = await executePlan(deletions(AUDIT_GROUP_SIZE + 5), POLICY, ports);
  expect(report.executed).toHaveLength(AUDIT_GROUP_SIZE);
  expect(report.skipped).toHaveLength(5);
});
