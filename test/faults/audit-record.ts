import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A deletion as the audit log's files tell it. Read by code of its own, so that it can testify for the agent's. */
export interface RecordedDeletion {
  readonly seq: number;
  /** Deletions that were announced together have the same. */
  readonly batch: number;
  readonly archive: string;
  readonly reason: string;
  readonly rule: string;
  readonly policyHash: string;
  /** `undefined`: not known yet. */
  result: string | undefined;
}

/** @throws when sequence numbers do not go up, or an outcome has no intent */
export function readAuditRecord(stateDir: string): RecordedDeletion[] {
  const deletions = new Map<number, RecordedDeletion>();
  let last = 0;
  let batch = 0;
  let inBatch = false;
  for (const line of auditLines(join(stateDir, 'audit'))) {
    const entry = JSON.parse(line);
    if (!(entry.seq > last)) throw new Error(`sequence number ${entry.seq} after ${last}`);
    last = entry.seq;
    if (entry.kind === 'intent') {
      if (!inBatch) batch++;
      inBatch = true;
      const { seq, archive, reason, rule, policy } = entry;
      deletions.set(seq, { seq, batch, archive, reason, rule, policyHash: policy.hash, result: undefined });
    } else {
      inBatch = false;
      const deletion = deletions.get(entry.intent);
      if (deletion === undefined || deletion.result !== undefined) {
        throw new Error(`outcome ${entry.seq} of no open intent: ${line}`);
      }
      deletion.result = entry.result;
    }
  }
  return [...deletions.values()];
}

/** How many bytes of lines there are, to notice new ones. */
export function auditBytes(stateDir: string): number {
  return auditLines(join(stateDir, 'audit')).reduce((sum, line) => sum + line.length, 0);
}

/** What a crash has torn at the very end was never acknowledged and is no line. */
function auditLines(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const files = readdirSync(dir).filter((name) => /^audit-.*\.jsonl$/.test(name));
  return files.sort().flatMap((name) => {
    const text = readFileSync(join(dir, name), 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '');
  });
}
