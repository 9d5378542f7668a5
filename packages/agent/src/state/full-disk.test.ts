import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomic } from './atomic-file.ts';
import type { AuditIntent } from './audit-entry.ts';
import { AUDIT_GROUP_SIZE, type AuditLog, openAuditLog } from './audit-log.ts';
import { openJournal } from './journal.ts';

/** Why no filesystem can be mounted here; `undefined` when one can. */
const cannotMount = findMountProblem();
if (cannotMount !== undefined) process.stderr.write(`tests on a full disk are skipped: ${cannotMount}\n`);

function findMountProblem(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'cw-mount-'));
  try {
    mountTmpfs(dir, '64k');
    execFileSync('umount', [dir]);
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function mountTmpfs(dir: string, size: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

let disk: string;
let log: AuditLog | undefined;
const handling = {
  clock: manualClock(),
  onDamage: ({ file, reason }: { file: string; reason: string }) => {
    throw new Error(`${file}: ${reason}`);
  },
};

/** Names of the greatest length, so that every line is as long as it gets. */
function intent(archive: string): AuditIntent {
  return {
    archive: archive.padEnd(255, 'x'),
    node: 'n'.repeat(253),
    owner: {
      namespace: 'n'.repeat(63),
      pod: 'p'.repeat(253),
      container: 'c'.repeat(63),
      podUid: 'u'.repeat(36),
    },
    bytes: 1_000_000,
    fileId: '2049:1234567:123456789012:1767225600000000000',
    reason: 'low-free-space',
    rule: `${'r'.repeat(63)}/nodePolicy`,
    policy: { source: 's'.repeat(100), epoch: '2026-01-01T00:00:00Z/12', revision: 12, hash: 'h'.repeat(64) },
    mode: 'Enforce',
  };
}

const group = (name: string) =>
  Array.from({ length: AUDIT_GROUP_SIZE }, (_, index) => intent(`${name}-${index}`));
const open = () => openAuditLog(join(disk, 'audit'), handling);

/** Takes all the space there is, as runtimes do that write checkpoints. */
function fill(name: string): void {
  writeUntilFull(join(disk, name), Buffer.alloc(64 * 1024, 1));
  writeUntilFull(join(disk, `${name}-rest`), Buffer.alloc(512, 1));
  expect(statfsSync(disk).bavail).toBe(0);
}

function writeUntilFull(path: string, chunk: Buffer): void {
  try {
    for (;;) writeFileSync(path, chunk, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

function free(name: string): void {
  rmSync(join(disk, name));
  rmSync(join(disk, `${name}-rest`));
}

// Only root may mount the small tmpfs that is filled.
describe.skipIf(cannotMount !== undefined)('on a full disk', () => {
  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'cw-full-'));
    mountTmpfs(disk, '2m');
  });
  afterEach(() => {
    log?.close();
    log = undefined;
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  });

  it('a whole group of deletions is still recorded, with its outcomes', () => {
    log = open();
    log.append([intent('before')]);
    fill('archives');
    const seqs = log.append(group('full'));
    expect(seqs).toHaveLength(AUDIT_GROUP_SIZE);
    log.appendOutcomes(seqs.map((seq) => ({ intent: seq, result: 'deleted' })));
    expect(log.pendingIntents()).toHaveLength(1);
    log.close();
    log = open();
    expect(log.read({ after: 0, limit: 1_000 })).toHaveLength(1 + 2 * AUDIT_GROUP_SIZE);
    expect(log.pendingIntents()).toMatchObject([{ seq: 1 }]);
  });

  it('intents whose outcomes had to go to the reserve are still found by a restart', () => {
    log = open();
    const seqs = log.append(group('before'));
    fill('archives');
    log.appendOutcomes(seqs.slice(1).map((seq) => ({ intent: seq, result: 'deleted' })));
    expect(readdirSync(join(disk, 'audit')).filter((name) => name.includes('-continued'))).toHaveLength(1);
    log.close();
    log = open();
    expect(log.pendingIntents()).toMatchObject([{ seq: 1 }]);
  });

  it('nothing is recorded once the reserve is used up, and all of what was is there', () => {
    log = open();
    fill('archives');
    const recorded: number[] = [];
    const useUp = () => {
      for (;;) recorded.push(...(log?.append(group('g')) ?? []));
    };
    expect(useUp).toThrowError(expect.objectContaining({ code: 'CW_ERR_STATE_UNWRITABLE', retryable: true }));
    expect(recorded).toHaveLength(AUDIT_GROUP_SIZE);
    expect(log.lastSeq).toBe(recorded.at(-1));
    // What is left of the reserve stays ours, however hard others look for space.
    fill('more-archives');
    recorded.push(...log.append(group('g').slice(0, 40)));
    expect(log.read({ after: 0, limit: 10_000 }).map((entry) => entry.seq)).toEqual(recorded);
  });

  it('the reserve is there again once a deletion has made room, and serves the next time', () => {
    log = open();
    for (const round of ['first', 'second', 'third']) {
      fill(round);
      const seqs = log.append(group(round));
      free(round);
      log.appendOutcomes(seqs.map((seq) => ({ intent: seq, result: 'deleted' })));
      expect(existsSync(join(disk, 'audit', 'reserve'))).toBe(true);
    }
    expect(log.read({ after: 0, limit: 10_000 })).toHaveLength(6 * AUDIT_GROUP_SIZE);
  });

  it('a log that opens without room for a reserve works when there is room', () => {
    mkdirSync(join(disk, 'audit'));
    fill('archives');
    log = open();
    expect(() => log?.append([intent('a')])).toThrowError(
      expect.objectContaining({ code: 'CW_ERR_STATE_UNWRITABLE' }),
    );
    free('archives');
    const seqs = log.append([intent('a')]);
    log.appendOutcomes([{ intent: Number(seqs[0]), result: 'deleted' }]);
    expect(log.pendingIntents()).toEqual([]);
    expect(readdirSync(join(disk, 'audit'))).toContain('reserve');
  });

  it('a state file keeps its old content', () => {
    const file = join(disk, 'policy.json');
    writeFileAtomic(file, '"old"');
    fill('archives');
    expect(() => writeFileAtomic(file, 'x'.repeat(10_000))).toThrowError(
      expect.objectContaining({ code: 'CW_ERR_STATE_UNWRITABLE' }),
    );
    expect(readdirSync(disk)).not.toContain('policy.json.tmp');
  });

  it('a journal loses nothing that it had acknowledged, and catches up when there is room', () => {
    const file = join(disk, 'journal.jsonl');
    const isString = (value: unknown) => typeof value === 'string';
    let journal = openJournal(file, isString, handling);
    journal.append([['a', 'before']]);
    fill('archives');
    expect(() => journal.append([['b', 'x'.repeat(100_000)]])).toThrowError(
      expect.objectContaining({ code: 'CW_ERR_STATE_UNWRITABLE' }),
    );
    // As an agent that is killed now would find it.
    const asFound = openJournal(file, isString, handling);
    expect([...asFound.entries.keys()]).toEqual(['a']);
    asFound.close();
    free('archives');
    journal.append([['c', 'after']]);
    journal.close();
    journal = openJournal(file, isString, handling);
    expect([...journal.entries.keys()]).toEqual(['a', 'b', 'c']);
    journal.close();
  });
});
