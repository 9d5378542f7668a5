import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestNode } from './test-node.ts';

/** An entry of the audit log: see docs/reference/audit-log.md. */
export interface AuditEntry {
  readonly seq: number;
  /** RFC 3339. */
  readonly time: string;
  readonly kind: 'intent' | 'outcome';
  /** Of an intent: name of the archive. */
  readonly archive?: string;
  /** Of an intent. */
  readonly reason?: string;
  /** Of an outcome: the number of its intent. */
  readonly intent?: number;
  /** Of an outcome. */
  readonly result?: string;
}

const FOLDER = '/var/lib/checkpoint-warden/audit';

/** Reads the audit log of a node: what its agent says about what it has deleted. */
export function auditLog(node: TestNode): AuditEntry[] {
  const folder = node.path(FOLDER);
  return readdirSync(folder)
    .sort()
    .flatMap((name) => wholeLines(readFileSync(join(folder, name), 'utf8')))
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** Those that end: the agent may be writing the last one. */
function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

/** Why an archive was deleted on a node; `undefined`: it was not. */
export function deletionReason(node: TestNode, archive: string): string | undefined {
  return auditLog(node).findLast((entry) => entry.archive === archive)?.reason;
}
