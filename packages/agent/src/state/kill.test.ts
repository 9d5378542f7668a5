import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readJsonFile } from './atomic-file.ts';
import { openAuditLog } from './audit-log.ts';
import { openJournal } from './journal.ts';

/**
 * Writes to all three kinds of state as fast as it can and says on stdout what was acknowledged. Small limits make it
 * rotate and rewrite all the time.
 */
const WRITER = `
  import { writeSync } from 'node:fs';
  import { writeFileAtomic } from ${moduleUrl('atomic-file.ts')};
  import { openAuditLog } from ${moduleUrl('audit-log.ts')};
  import { openJournal } from ${moduleUrl('journal.ts')};
  const [dir, start] = [process.argv[1], Number(process.argv[2])];
  const handling = { clock: { nowMs: Date.now, monotonicMs: performance.now }, onDamage: (d) => { throw new Error(JSON.stringify(d)); } };
  const log = openAuditLog(dir + '/audit', { ...handling, maxFileBytes: 60_000, maxTotalBytes: 1e9 });
  const journal = openJournal(dir + '/journal', () => true, handling);
  for (let n = start; ; n += 1) {
    const seqs = log.append([{ archive: 'a' + n, node: 'n' }, { archive: 'b' + n, node: 'n' }]);
    journal.append(Array.from({ length: 50 }, (_, i) => ['key' + (i % 10), n]));
    journal.append([['n' + (n % 7), undefined], ['round', n]]);
    writeFileAtomic(dir + '/policy', JSON.stringify({ n }));
    log.appendOutcomes(seqs.map((intent) => ({ intent, result: 'deleted' })));
    writeSync(1, n + ' ' + seqs.at(-1) + '\\n');
  }
`;

function moduleUrl(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href);
}

/** @returns the last line that the writer said before it was killed, after at least `lines` of them */
async function writeAndKill(
  dir: string,
  start: number,
  lines: number,
  delayMs: number,
): Promise<[number, number]> {
  const child = spawn(
    process.execPath,
    ['--input-type=module-typescript', '-e', WRITER, dir, String(start)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let last = '';
  let count = 0;
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => {
    last = line;
    count += 1;
    if (count === lines) setTimeout(() => child.kill('SIGKILL'), delayMs);
  });
  const closed = once(reader, 'close');
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  await closed;
  expect(signal).toBe('SIGKILL');
  const [round, seq] = last.split(' ').map(Number);
  return [Number(round), Number(seq)];
}

describe('state files of an agent that is killed at any moment', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cw-kill-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('hold everything that was acknowledged, undamaged', async () => {
    const handling = {
      clock: manualClock(),
      onDamage: (damage: { reason: string }) => {
        throw new Error(`damaged: ${damage.reason}`);
      },
    };
    let next = 1;
    for (let kill = 0; kill < 24; kill += 1) {
      const [round, seq] = await writeAndKill(dir, next, 1 + (kill % 5) * 8, (kill * 1.7) % 9);

      const journal = openJournal(join(dir, 'journal'), (value) => typeof value === 'number', handling);
      expect(journal.entries.get('round')).toBeGreaterThanOrEqual(round);
      expect(journal.entries.get('key9')).toBeGreaterThanOrEqual(round);
      journal.close();

      const policy = readJsonFile(
        join(dir, 'policy'),
        (value): value is { n: number } => value !== null,
        handling,
      );
      expect(policy?.n).toBeGreaterThanOrEqual(round);

      const log = openAuditLog(join(dir, 'audit'), handling);
      const entries = log.read({ after: 0, limit: 1_000_000 });
      expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, index) => index + 1));
      const names = entries.flatMap((entry) => (entry.kind === 'intent' ? [entry.archive] : []));
      expect(new Set(names).size).toBe(names.length);
      expect(names).toContain(`b${round}`);
      // At most the group that was under way has no outcome.
      const pending = log.pendingIntents();
      expect(pending.every((intent) => intent.seq > seq)).toBe(true);
      expect(pending.length).toBeLessThanOrEqual(2);
      log.appendOutcomes(pending.map((intent) => ({ intent: intent.seq, result: 'already-gone' })));
      log.close();
      next = Number(journal.entries.get('round')) + 1;
      // Where the kill came between the audit line and the journal, that round is in the log already.
      if (names.includes(`a${next}`)) next += 1;
    }
  }, 300_000);
});
