import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { type AuditEntry, auditLog } from './audit-log.ts';
import type { TestNode } from './test-node.ts';
import { waitFor } from './wait-for.ts';

/** All archives ever taken of one container. */
export interface ArchivesTaken {
  readonly node: TestNode;
  /** By name, and when the taking began, Unix ms: before that moment, the archive was not there. */
  readonly begunMs: Map<string, number>;
}

/**
 * Waits until each container has its newest archives, so many, and no others. Then every other one must be in the audit log of
 * its node, once, as deleted for that limit, and at a time when that many newer ones could have been there; and no archive
 * that was to stay may be in it.
 *
 * @returns how many were deleted
 */
export async function expectNewestKept(containers: readonly ArchivesTaken[], limit: number): Promise<number> {
  const wanted = containers.map(({ node, begunMs }) => ({
    node,
    begunMs,
    kept: [...begunMs.keys()].sort().slice(-limit),
    surplus: [...begunMs.keys()].sort().slice(0, -limit),
  }));
  await waitFor('the surplus is gone', () =>
    wanted.every(({ node, surplus }) => {
      const there = new Set(readdirSync(node.path(CHECKPOINT_DIR)));
      return !surplus.some((name) => there.has(name));
    }),
  );
  for (const { node, begunMs, kept, surplus } of wanted) {
    expect(node.archives().filter((name) => begunMs.has(name))).toEqual(kept);
    // Outcomes come behind the last deletion of a pass.
    const { log, intents } = await waitFor('the audit log has every outcome', () => {
      const log = auditLog(node);
      const intents = log.filter(({ archive }) => archive !== undefined && begunMs.has(archive));
      return intents.every((intent) => outcomeOf(log, intent) !== undefined) && { log, intents };
    });
    expect(intents.map(({ archive }) => archive).sort(), 'each is deleted once, and no other').toEqual(
      surplus,
    );
    for (const intent of intents) {
      expect(intent.reason, intent.archive).toBe('over-count');
      expect(outcomeOf(log, intent), intent.archive).toBe('deleted');
      const newer = [...begunMs].filter(
        ([name, ms]) => name > (intent.archive ?? '') && ms <= timeOf(intent),
      );
      expect(newer.length, `newer archives when ${intent.archive} was deleted`).toBeGreaterThanOrEqual(limit);
    }
  }
  return wanted.reduce((sum, { surplus }) => sum + surplus.length, 0);
}

function outcomeOf(log: readonly AuditEntry[], { seq }: AuditEntry): string | undefined {
  return log.find(({ intent }) => intent === seq)?.result;
}

function timeOf({ time }: AuditEntry): number {
  return Date.parse(time);
}
