import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  archiveFileName,
  buildArchive,
  policyOf,
  type Sandbox,
  until,
  writeArchive,
} from '@checkpoint-warden/agent/testing';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { describe, expect, it } from 'vitest';
import { leaveIntents, settled, useTestAgent } from './test-agent.ts';
import { fillDisk, findMountProblem, mountTmpfs, unmount } from './tmpfs.ts';

const cannotMount = findMountProblem();
if (cannotMount !== undefined) process.stderr.write(`tests on a full disk are skipped: ${cannotMount}\n`);

const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
/** As many intents as are announced at once. */
const GROUP = 128;
const TINY = { ...WEB, pagesBytes: 0 };
const INTENT = {
  node: 'node-1',
  bytes: 1,
  fileId: '1:2:3:4',
  reason: 'over-count',
  rule: 'default/globalPolicy',
  policy: { source: 'file', revision: 1, hash: '0' },
  mode: 'Enforce',
} as const;
const at = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second));
const test = useTestAgent(makeTmpfsSandbox);

/** Checkpoints and state on one small filesystem, as on a node whose disk is one partition. */
function makeTmpfsSandbox(): Sandbox {
  const root = mkdtempSync(join(tmpdir(), 'checkpoint-warden-disk-'));
  if (cannotMount === undefined) mountTmpfs(root, '40m');
  const checkpointDir = join(root, 'checkpoints');
  mkdirSync(checkpointDir);
  return {
    checkpointDir,
    stateDir: join(root, 'state'),
    list: () => readdirSync(checkpointDir).sort(),
    write(spec, createdAt) {
      const name = archiveFileName(spec, createdAt);
      writeArchive(join(checkpointDir, name), spec);
      return name;
    },
    remove() {
      if (cannotMount === undefined) unmount(root);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const disk = () => join(test.sandbox.checkpointDir, '..');

/** Writes an archive as a runtime does on a disk that has no room for it. Returns its name; the file is cut off. */
function writeUntilFull(second: number): string {
  const bytes = buildArchive({ ...WEB, pagesBytes: 4_000_000 });
  const name = archiveFileName(WEB, at(second));
  const fd = openSync(join(test.sandbox.checkpointDir, name), 'w');
  try {
    for (let at = 0; at < bytes.length; )
      at += writeSync(fd, bytes, at, Math.min(65_536, bytes.length - at), at);
    throw new Error('there was room for all of it');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(fd);
  }
  return name;
}

// Only root may mount the small tmpfs that is filled.
describe.skipIf(cannotMount !== undefined)('on a full disk', () => {
  it('still deletes what the policy asks for, with its audit lines, and then goes on as ever', async () => {
    for (let second = 1; second <= 8; second++) test.sandbox.write(WEB, at(second));
    const agent = await test.start({ policy: policyOf('globalPolicy: {maxCheckpointsPerContainer: 8}') });
    fillDisk(disk(), 'other-files');
    agent.enforce(policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 4}'));
    await until('four are left', () => test.sandbox.list().length === 4);
    await settled(agent);
    const outcomes = agent.deletions().filter(({ kind }) => kind === 'outcome');
    expect(outcomes).toMatchObject(Array.from({ length: 4 }, () => ({ result: 'deleted' })));

    // Whoever filled the disk takes what was freed, too, and lets it go at last.
    fillDisk(disk(), 'more-files');
    agent.enforce(policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 2}'));
    await until('two are left', () => test.sandbox.list().length === 2);
    for (const name of ['other-files', 'more-files']) rmSync(join(disk(), name));
    test.sandbox.write(WEB, at(9));
    await until('the oldest is gone', () => !test.sandbox.list().some((name) => name.includes('00:07Z')));
    expect(test.sandbox.list()).toHaveLength(2);
    await settled(agent);

    const second = await restartWith(policyOf('globalPolicy: {maxCheckpointsPerContainer: 2}'));
    expect(second.deletions()).toHaveLength(2 * 7);
    expect(second.agent.status().totals.count).toBe(2);
    expect(second.lines.filter(({ msg }) => msg === 'damaged state set aside')).toEqual([]);
  });

  it('says once that the state cannot be saved, stays up, and says when it can again', async () => {
    const agent = await test.start({ policy: policyOf('globalPolicy: {maxCheckpointsPerContainer: 3}') });
    for (const second of [1, 2, 3]) test.sandbox.write(WEB, at(second));
    await until('they are seen', () => agent.agent.status().totals.count === 3);
    fillDisk(disk(), 'other-files');
    // Until the room in the last block of the file that holds the inventory is used up, and some scans more.
    for (let scans = 1; scans <= 20; scans++) {
      for (const name of test.sandbox.list())
        utimesSync(join(test.sandbox.checkpointDir, name), scans, scans);
      await settled(agent);
    }
    expect(agent.agent.status().ready).toBe(true);
    const said = () => agent.lines.flatMap(({ msg }) => (msg.startsWith('inventory can') ? [msg] : []));
    expect(said()).toEqual(['inventory cannot be saved']);
    rmSync(join(disk(), 'other-files'));
    await settled(agent);
    expect(said()).toEqual(['inventory cannot be saved', 'inventory can be saved again']);
    const again = await restartWith(policyOf('globalPolicy: {maxCheckpointsPerContainer: 3}'));
    expect(again.lines.filter(({ level }) => level === 'error')).toEqual([]);
    test.sandbox.write(WEB, at(4));
    await until('it enforces', () => test.sandbox.list().length === 3);
  });

  it('starts, and deletes what is asked for once there is room for the audit lines', async () => {
    for (let second = 1; second <= 4; second++) test.sandbox.write(WEB, at(second));
    fillDisk(disk(), 'other-files');
    const agent = await test.start({
      policy: policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 2}'),
      scanIntervalMs: 50,
    });
    await settled(agent);
    expect(test.sandbox.list()).toHaveLength(4);
    const said = () => agent.lines.filter(({ msg }) => msg === 'audit log cannot be written').length;
    expect(said()).toBe(1);
    rmSync(join(disk(), 'other-files'));
    await until('two are left', () => test.sandbox.list().length === 2);
  });

  it('starts though what a crash left open in the audit log cannot be settled for want of room', async () => {
    const archives = Array.from({ length: GROUP }, (_, second) => test.sandbox.write(TINY, at(second)));
    await test.start();
    await test.stop();
    leaveIntents(
      test.sandbox,
      archives.map((archive) => ({ ...INTENT, archive })),
    );
    rmSync(join(test.sandbox.stateDir, 'audit', 'reserve'));
    fillDisk(disk(), 'other-files');
    const agent = await test.start();
    expect(agent.audit.pendingIntents()).toHaveLength(GROUP);
    rmSync(join(disk(), 'other-files'));
    const after = await restartWith(policyOf('globalPolicy: {maxCheckpointsPerContainer: 200}'));
    expect(after.audit.pendingIntents()).toEqual([]);
    expect(after.deletions().filter(({ kind }) => kind === 'outcome')).toHaveLength(GROUP);
  });

  it('takes an archive that the full disk cut off for a leftover, which goes by its age alone', async () => {
    const clock = manualClock(Date.now());
    const whole = [1, 2].map((second) => test.sandbox.write(WEB, at(second)));
    const agent = await test.start({
      policy: policyOf('globalPolicy: {maxCheckpointsPerContainer: 2}\nnodePolicy: {maxIncompleteAge: 1h}'),
      clock,
    });
    fillDisk(disk(), 'other-files');
    execFileSync('truncate', ['--size=-300K', join(disk(), 'other-files')]);
    const cut = writeUntilFull(3);
    expect(statSync(join(test.sandbox.checkpointDir, cut)).size).toBeGreaterThan(100_000);

    const stateOf = () => agent.inventory.get(cut)?.archive.state;
    await until('it is seen', () => stateOf() === 'writing');
    clock.advance(61_000);
    await settled(agent);
    expect(stateOf()).toBe('incomplete');
    for (let minutes = 0; minutes < 58; minutes++) {
      clock.advance(60_000);
      await settled(agent);
    }
    expect(test.sandbox.list()).toEqual([...whole, cut]);
    for (let minutes = 0; minutes < 2; minutes++) {
      clock.advance(60_000);
      await settled(agent);
    }
    await until('the leftover is gone', () => test.sandbox.list().length === 2);
    expect(test.sandbox.list()).toEqual(whole);
    expect(agent.deletions()).toMatchObject([{ archive: cut, reason: 'abandoned' }, { result: 'deleted' }]);
  });
});

async function restartWith(policy: ReturnType<typeof policyOf>) {
  await test.stop();
  return test.start({ policy });
}
