import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { policyOf, type RunningAgent, until } from '@checkpoint-warden/agent/testing';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { leaveIntents, settled, useTestAgent } from './test-agent.ts';
import { findMountProblem, mountTmpfs, remount, unmount } from './tmpfs.ts';

const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
const at = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second));
const THREE = policyOf('globalPolicy: {maxCheckpointsPerContainer: 3}');
const ONE_NOW = policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 1}');

const cannotMount = findMountProblem();
if (cannotMount !== undefined) process.stderr.write(`a read-only disk is not tested: ${cannotMount}\n`);
const cannotFreeze = findFreezeProblem();
if (cannotFreeze !== undefined) process.stderr.write(`immutable files are not tested: ${cannotFreeze}\n`);

/** An immutable file can be deleted by nobody, not even root. */
function findFreezeProblem(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'cw-frozen-'));
  const path = join(dir, 'file');
  try {
    writeFileSync(path, '');
    chattr('+i', path);
    chattr('-i', path);
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function chattr(change: '+i' | '-i' | '+a' | '-a', path: string): void {
  execFileSync('chattr', [change, path], { stdio: ['ignore', 'ignore', 'pipe'] });
}

// Cleans up after `test`: hooks run in reverse.
const test = useTestAgent();
const frozen = new Set<string>();
let mounted: string | undefined;
afterEach(async () => {
  for (const path of frozen) chattr('-i', path);
  frozen.clear();
  if (mounted !== undefined) {
    await test.stop();
    unmount(mounted);
  }
  mounted = undefined;
});

function freeze(path: string): void {
  chattr('+i', path);
  frozen.add(path);
}

function thaw(path: string): void {
  chattr('-i', path);
  frozen.delete(path);
}

const pathOf = (archive: string) => join(test.sandbox.checkpointDir, archive);

function resultsOf(agent: RunningAgent, archive: string): string[] {
  const entries = agent.deletions();
  const intents = new Set(
    entries.flatMap((entry) => (entry.kind === 'intent' && entry.archive === archive ? [entry.seq] : [])),
  );
  return entries.flatMap((entry) =>
    entry.kind === 'outcome' && intents.has(entry.intent) ? [entry.result] : [],
  );
}

// Freezing a file (chattr +i) takes root and a filesystem that has the flag.
describe.skipIf(cannotFreeze !== undefined)('an archive that cannot be deleted', () => {
  it('does not stop the others, is retried ever less often, is counted and shown, and goes once it can', async () => {
    const clock = manualClock(Date.now());
    const archives = [1, 2, 3, 4].map((second) => test.sandbox.write(WEB, at(second)));
    const [oldest = '', second = ''] = archives;
    freeze(pathOf(oldest));
    const agent = await test.start({ policy: ONE_NOW, clock });
    expect(test.sandbox.list()).toEqual([oldest, archives[3]]);
    expect(agent.agent.status()).toMatchObject({
      retrying: 1,
      failing: [{ policy: 'default', reason: 'over-count', count: 1 }],
    });
    expect(resultsOf(agent, second)).toEqual(['deleted']);
    const metrics = await agent.registry.metrics();
    expect(metrics).toMatch(/deletions_total\{reason="over-count",mode="Enforce",result="failed"\} 1\n/);
    expect(metrics).toMatch(/deletions_total\{reason="over-count",mode="Enforce",result="deleted"\} 2\n/);
    expect(agent.lines.find(({ msg }) => msg === 'archive cannot be deleted')).toMatchObject({
      level: 'warn',
      archive: oldest,
      why: 'EPERM',
    });

    for (let seconds = 1; seconds <= 60; seconds++) {
      clock.advance(1_000);
      await settled(agent);
    }
    // After 1, 2, 4, 8, 16 and 32 seconds, each from the attempt before: at 1, 3, 7, 15, 31; 63 is yet to come.
    expect(resultsOf(agent, oldest)).toEqual(Array.from({ length: 6 }, () => 'failed'));

    thaw(pathOf(oldest));
    clock.advance(3_000);
    await settled(agent);
    expect(test.sandbox.list()).toEqual([archives[3]]);
    expect(resultsOf(agent, oldest).at(-1)).toBe('deleted');
    expect(agent.agent.status()).toMatchObject({ retrying: 0, due: 0 });
  });

  it('keeps its group due over a restart, also when only an arrival called for it', async () => {
    const [oldest = ''] = [1, 2, 3].map((second) => test.sandbox.write(WEB, at(second)));
    const agent = await test.start({ policy: THREE });
    freeze(pathOf(oldest));
    test.sandbox.write(WEB, at(4));
    await until('it was tried', () => agent.agent.status().retrying === 1);
    await test.stop();
    thaw(pathOf(oldest));
    await test.start({ policy: THREE });
    expect(test.sandbox.list()).not.toContain(oldest);
    expect(test.sandbox.list()).toHaveLength(3);
  });

  it('is let off when the policy does not call for it any more', async () => {
    const [oldest = ''] = [1, 2].map((second) => test.sandbox.write(WEB, at(second)));
    freeze(pathOf(oldest));
    const agent = await test.start({ policy: ONE_NOW });
    expect(agent.agent.status().retrying).toBe(1);
    agent.enforce(THREE);
    await settled(agent);
    expect(agent.agent.status().retrying).toBe(0);
    thaw(pathOf(oldest));
    await settled(agent);
    expect(test.sandbox.list()).toContain(oldest);
  });
});

// Freezing a file (chattr +i) takes root and a filesystem that has the flag.
describe.skipIf(cannotFreeze !== undefined)('an audit log that cannot be written', () => {
  it('stops all deletions until it can, and is reported once', async () => {
    for (const second of [1, 2, 3]) test.sandbox.write(WEB, at(second));
    const agent = await test.start({ policy: THREE, scanIntervalMs: 50 });
    test.sandbox.write(WEB, at(4));
    await until('the log has a file', () => test.sandbox.list().length === 3);
    const audit = join(test.sandbox.stateDir, 'audit');
    const files = [...readdirSync(audit).map((name) => join(audit, name)), audit];
    for (const file of files) freeze(file);
    agent.enforce(ONE_NOW);
    for (let scans = 0; scans < 5; scans++) await settled(agent);
    expect(test.sandbox.list()).toHaveLength(3);
    const said = (message: string) => agent.lines.filter(({ msg }) => msg === message).length;
    expect(said('audit log cannot be written')).toBe(1);
    for (const file of files.reverse()) thaw(file);
    await until('one is left', () => test.sandbox.list().length === 1);
    await settled(agent);
    expect(said('audit log can be written again')).toBe(1);
    const results = agent.deletions().flatMap((entry) => (entry.kind === 'outcome' ? [entry.result] : []));
    expect(results).toEqual(['deleted', 'deleted', 'deleted']);
  });
});

// Only root may mount the tmpfs that becomes read-only.
describe.skipIf(cannotMount !== undefined)(
  'a checkpoint directory on a disk that has become read-only',
  () => {
    it('is kept an eye on: nothing goes, nothing crashes, and the limits hold once it can be written again', async () => {
      mounted = test.sandbox.checkpointDir;
      mountTmpfs(mounted, '10m');
      const archives = [1, 2, 3].map((second) => test.sandbox.write(WEB, at(second)));
      const agent = await test.start({ policy: THREE });
      remount(mounted, 'ro');
      agent.enforce(ONE_NOW);
      await until('both were tried', () => agent.agent.status().retrying === 2);
      expect(test.sandbox.list()).toEqual(archives);
      expect(agent.agent.status().ready).toBe(true);
      expect(agent.lines.find(({ msg }) => msg === 'archive cannot be deleted')).toMatchObject({
        why: 'EROFS',
      });
      remount(mounted, 'rw');
      await until('one is left', () => test.sandbox.list().length === 1);
      expect(agent.agent.status()).toMatchObject({ retrying: 0, totals: { count: 1 } });
    });
  },
);

describe('a deletion that a crash has cut off', () => {
  const intentOf = (archive: string) => {
    const { dev, ino, size, mtimeNs } = statSync(pathOf(archive), { bigint: true });
    return {
      archive,
      node: 'node-1',
      bytes: Number(size),
      fileId: `${dev}:${ino}:${size}:${mtimeNs}`,
      reason: 'over-count',
      rule: 'default/globalPolicy',
      policy: { source: 'file', revision: 1, hash: '0' },
      mode: 'Enforce',
    } as const;
  };

  it('is settled by what is there once the directory can be read, and not before', async () => {
    const { checkpointDir } = test.sandbox;
    const [gone = '', there = ''] = [1, 2].map((second) => test.sandbox.write(WEB, at(second)));
    await test.start();
    await test.stop();
    leaveIntents(test.sandbox, [intentOf(gone), intentOf(there)]);
    rmSync(pathOf(gone));

    renameSync(checkpointDir, `${checkpointDir}-away`);
    const starting = test.start({ scanIntervalMs: 50 });
    await until('the state is open', () => existsSync(join(test.sandbox.stateDir, 'lock')));
    renameSync(`${checkpointDir}-away`, checkpointDir);
    const agent = await starting;
    expect(resultsOf(agent, gone)).toEqual(['deleted']);
    expect(resultsOf(agent, there)).toEqual(['failed']);
  });
});
