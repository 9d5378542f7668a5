import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry, AuditIntent } from './audit-entry.ts';
import { type AuditLog, type AuditLogOptions, openAuditLog } from './audit-log.ts';
import type { Damage } from './damage.ts';

let dir: string;
let damages: Damage[];
let log: AuditLog | undefined;
const clock = manualClock(Date.UTC(2026, 0, 1));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cw-audit-'));
  damages = [];
});
afterEach(() => {
  log?.close();
  rmSync(dir, { recursive: true });
});

/** Opens the log as a restarted agent does. */
function reopen(options: Partial<AuditLogOptions> = {}): AuditLog {
  log?.close();
  log = openAuditLog(dir, { clock, onDamage: (damage) => damages.push(damage), ...options });
  return log;
}

/** Ends the agent, so that its files can be damaged. */
function stop(): void {
  log?.close();
  log = undefined;
}

function intent(archive: string): AuditIntent {
  return {
    archive,
    node: 'node-1',
    owner: { namespace: 'shop', pod: 'web-0', container: 'app' },
    bytes: 1_000,
    fileId: '1:2:1000:3',
    reason: 'over-count',
    rule: 'default/globalPolicy',
    policy: { source: 'policy.yaml', revision: 1, hash: 'abc' },
    mode: 'Enforce',
  };
}

const segments = () => readdirSync(dir).filter((name) => name.endsWith('.jsonl'));
const newest = () => join(dir, String(segments().at(-1)));
const everything = (from: AuditLog) => from.read({ after: 0, limit: 1_000_000 });
const archiveOf = (entry: AuditEntry) => (entry.kind === 'intent' ? entry.archive : undefined);

describe('the audit log', () => {
  it('holds intents and outcomes in order, over a restart', () => {
    const [first = 0, second = 0] = reopen().append([intent('a'), intent('b')]);
    reopen().appendOutcomes([
      { intent: first, result: 'deleted' },
      { intent: second, result: 'failed', error: 'EBUSY' },
    ]);
    expect(everything(reopen())).toEqual([
      { seq: 1, time: '2026-01-01T00:00:00.000Z', kind: 'intent', ...intent('a') },
      { seq: 2, time: '2026-01-01T00:00:00.000Z', kind: 'intent', ...intent('b') },
      { seq: 3, time: '2026-01-01T00:00:00.000Z', kind: 'outcome', intent: 1, result: 'deleted' },
      {
        seq: 4,
        time: '2026-01-01T00:00:00.000Z',
        kind: 'outcome',
        intent: 2,
        result: 'failed',
        error: 'EBUSY',
      },
    ]);
    expect(reopen().append([intent('c')])).toEqual([5]);
  });

  it('shows an intent that a crash cut off as unknown until it is settled', () => {
    reopen().append([intent('a'), intent('b')]);
    const restarted = reopen();
    expect(restarted.pendingIntents().map(archiveOf)).toEqual(['a', 'b']);
    expect(everything(restarted)).toMatchObject([{ outcome: 'unknown' }, { outcome: 'unknown' }]);
    restarted.appendOutcomes([{ intent: 1, result: 'already-gone' }]);
    expect(restarted.pendingIntents().map(archiveOf)).toEqual(['b']);
    expect(reopen().pendingIntents().map(archiveOf)).toEqual(['b']);
  });

  it('knows the number of its last entry, over restarts', () => {
    expect(reopen().lastSeq).toBe(0);
    const opened = reopen();
    opened.append([intent('a'), intent('b')]);
    expect(opened.lastSeq).toBe(2);
    opened.appendOutcomes([{ intent: 1, result: 'deleted' }]);
    expect(opened.lastSeq).toBe(3);
    expect(reopen().lastSeq).toBe(3);
  });

  it('is for its owner alone', () => {
    reopen().append([intent('a')]);
    for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
  });

  it('writes nothing for an empty group', () => {
    expect(reopen().append([])).toEqual([]);
    reopen().appendOutcomes([]);
    expect(segments()).toEqual([]);
  });
});

describe('rotation', () => {
  const small = { maxFileBytes: 3_000, maxTotalBytes: 12_000 };

  it('starts new files and keeps the newest within a total size', () => {
    const opened = reopen(small);
    for (let round = 0; round < 200; round += 1) {
      const [seq = 0] = opened.append([intent(`archive-${round}`)]);
      opened.appendOutcomes([{ intent: seq, result: 'deleted' }]);
    }
    const sizes = segments().map((name) => statSync(join(dir, name)).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3_000);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(15_000);
    const seqs = everything(reopen(small)).map((entry) => entry.seq);
    expect(seqs.at(-1)).toBe(400);
    expect(seqs).toEqual(Array.from(seqs, (_, index) => 400 - seqs.length + 1 + index));
  });

  it('waits until no intent is pending, so that a restart finds them in the newest files', () => {
    const opened = reopen(small);
    opened.append(Array.from({ length: 6 }, (_, index) => intent(`a-${index}`)));
    opened.append(Array.from({ length: 6 }, (_, index) => intent(`b-${index}`)));
    expect(segments()).toHaveLength(1);
    expect(reopen(small).pendingIntents()).toHaveLength(12);
  });
});

describe('reading pages', () => {
  it.each([17, 1_000])('gives every entry once, in pages of %i', (limit) => {
    const opened = reopen({ maxFileBytes: 400_000 });
    for (let round = 0; round < 60; round += 1) {
      const seqs = opened.append(Array.from({ length: 20 }, (_, index) => intent(`${round}-${index}-ü`)));
      opened.appendOutcomes(seqs.map((seq) => ({ intent: seq, result: 'deleted' as const })));
    }
    expect(segments().length).toBeGreaterThan(1);
    const seqs: number[] = [];
    for (;;) {
      const page = opened.read({ after: seqs.at(-1) ?? 0, limit });
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(limit);
      seqs.push(...page.map((entry) => entry.seq));
    }
    expect(seqs).toEqual(Array.from({ length: 2_400 }, (_, index) => index + 1));
  });
});

describe('damage', () => {
  it('cuts a torn end off, sets it aside and continues the numbers', () => {
    reopen().append([intent('a')]);
    stop();
    appendFileSync(newest(), '{"seq":2,"time":"2026-');
    const restarted = reopen();
    expect(damages).toMatchObject([{ file: newest(), reason: 'its end was torn' }]);
    expect(readFileSync(String(damages[0]?.setAsideAs), 'utf8')).toBe('{"seq":2,"time":"2026-');
    expect(restarted.append([intent('b')])).toEqual([2]);
    expect(everything(restarted).map(archiveOf)).toEqual(['a', 'b']);
  });

  it('reports damaged lines in between and reads on behind them', () => {
    reopen().append([intent('a'), intent('b'), intent('c')]);
    stop();
    const [a, , c] = readFileSync(newest(), 'utf8').split('\n');
    writeFileSync(newest(), `${a}\n${'\0'.repeat(300)}\n${c}\n`);
    const restarted = reopen();
    expect(damages).toMatchObject([{ reason: '1 lines cannot be read' }]);
    expect(everything(restarted).map(archiveOf)).toEqual(['a', 'c']);
  });

  it('never uses a number twice when the newest file is lost in garbage', () => {
    const seqs = reopen().append(Array.from({ length: 50 }, () => intent('a')));
    stop();
    writeFileSync(newest(), Buffer.alloc(statSync(newest()).size, 'x'));
    const [next = 0] = reopen().append([intent('b')]);
    expect(next).toBeGreaterThan(Number(seqs.at(-1)));
    expect(damages).toHaveLength(1);
  });

  it('reads across garbage longer than it reads at once', () => {
    reopen().append([intent('a')]);
    stop();
    appendFileSync(newest(), `${'\0'.repeat(200_000)}\n`);
    appendFileSync(newest(), `${JSON.stringify({ seq: 9_000, kind: 'intent', ...intent('b') })}\n`);
    expect(everything(reopen()).map(archiveOf)).toEqual(['a', 'b']);
    expect(reopen().read({ after: 1, limit: 1 }).map(archiveOf)).toEqual(['b']);
  });
});
