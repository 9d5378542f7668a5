import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { policyOf, type RunningAgent, until, writeArchive } from '@checkpoint-warden/agent/testing';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { describe, expect, it } from 'vitest';
import { settled, useTestAgent } from './test-agent.ts';

const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
const at = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second));
const THREE = policyOf('globalPolicy: {maxCheckpointsPerContainer: 3}');
const test = useTestAgent();

/**
 * Does something at the last moment that can be had: when the audit line of a deletion is on disk and the deletion comes
 * next.
 */
function justBeforeDeletion(agent: RunningAgent, change: (archive: string) => void): void {
  const append = agent.audit.append.bind(agent.audit);
  let isFirst = true;
  Object.assign(agent.audit, {
    append(intents: Parameters<typeof append>[0]) {
      const sequence = append(intents);
      if (isFirst) for (const { archive } of intents) change(join(test.sandbox.checkpointDir, archive));
      isFirst = false;
      return sequence;
    },
  });
}

/** Outcomes of the deletions of one archive, in order. */
function outcomesOf(agent: RunningAgent, archive: string): string[] {
  const entries = agent.deletions();
  const intents = new Set(
    entries.flatMap((entry) => (entry.kind === 'intent' && entry.archive === archive ? [entry.seq] : [])),
  );
  return entries.flatMap((entry) =>
    entry.kind === 'outcome' && intents.has(entry.intent) ? [entry.result] : [],
  );
}

/** Three archives that stay, and a fourth that makes the oldest go; it is changed just before. */
async function changeTheOldest(change: (path: string) => void): Promise<{
  readonly agent: RunningAgent;
  readonly oldest: string;
  readonly path: string;
}> {
  const [oldest = ''] = [1, 2, 3].map((second) => test.sandbox.write(WEB, at(second)));
  const agent = await test.start({ policy: THREE });
  justBeforeDeletion(agent, change);
  test.sandbox.write(WEB, at(4));
  await until('the first attempt is over', () => outcomesOf(agent, oldest).length > 0);
  return { agent, oldest, path: join(test.sandbox.checkpointDir, oldest) };
}

describe('an archive that changes between plan and deletion stays, and the next pass judges it anew', () => {
  it('replaced by another file of the same size and time', async () => {
    let survivor: bigint | undefined;
    const { agent, oldest } = await changeTheOldest((path) => {
      // To the nanosecond, which Node cannot set.
      execFileSync('cp', ['--preserve=timestamps', path, `${path}.copy`]);
      renameSync(`${path}.copy`, path);
      survivor = statSync(path, { bigint: true }).ino;
    });
    // It is a complete archive and still the oldest of four: the second attempt is for this very file.
    await until('the replacement is gone', () => test.sandbox.list().length === 3);
    expect(outcomesOf(agent, oldest)).toEqual(['changed', 'deleted']);
    const ids = agent.deletions().flatMap((entry) => (entry.kind === 'intent' ? [entry.fileId] : []));
    expect(ids).toHaveLength(2);
    expect(ids[1]?.split(':')[1]).toBe(String(survivor));
  });

  it('grown: it is being written again', async () => {
    const { agent, oldest, path } = await changeTheOldest((archive) => {
      truncateSync(archive, statSync(archive).size - 1024);
      appendFileSync(archive, Buffer.alloc(512, 1));
    });
    await settled(agent);
    expect(outcomesOf(agent, oldest)).toEqual(['changed']);
    expect(agent.inventory.get(oldest)?.archive.state).toBe('writing');
    expect(existsSync(path)).toBe(true);
  });

  it('rewritten in place with the same length', async () => {
    const { agent, oldest } = await changeTheOldest((path) => {
      const fd = openSync(path, 'r+');
      writeSync(fd, readFileSync(path).subarray(0, 512), 0, 512, 0);
      closeSync(fd);
    });
    await until('it is gone as what it is now', () => test.sandbox.list().length === 3);
    expect(outcomesOf(agent, oldest)).toEqual(['changed', 'deleted']);
  });

  it('written as another archive of the same second, which makes it the newest by nothing but its content', async () => {
    const { agent, oldest, path } = await changeTheOldest((archive) => {
      writeArchive(archive, { ...WEB, namespace: 'other', pagesBytes: 1_000_000 });
    });
    await settled(agent);
    expect(outcomesOf(agent, oldest)).toEqual(['changed']);
    expect(agent.inventory.get(oldest)?.archive.owner).toBeUndefined();
    expect(existsSync(path)).toBe(true);
  });

  it('pinned', async () => {
    const { agent, oldest, path } = await changeTheOldest((archive) => writeFileSync(`${archive}.keep`, ''));
    await settled(agent);
    expect(outcomesOf(agent, oldest)).toEqual(['pinned']);
    expect(existsSync(path)).toBe(true);
    expect(agent.agent.status().totals.states.pinned.count).toBe(1);
  });

  it('pinned by a link to nowhere, or by a directory: a pin is a name', async () => {
    for (const [second, pin] of [
      [1, (path: string) => symlinkSync('/nowhere', path)],
      [2, (path: string) => mkdirSync(path)],
    ] as const) {
      const archive = test.sandbox.write(WEB, at(second));
      pin(join(test.sandbox.checkpointDir, `${archive}.keep`));
    }
    const agent = await test.start({
      policy: policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 1}'),
    });
    test.sandbox.write(WEB, at(3));
    test.sandbox.write(WEB, at(4));
    await until('one of the unpinned is gone', () => agent.deletions().length === 2);
    await settled(agent);
    expect(agent.agent.status().totals.states).toMatchObject({
      pinned: { count: 2 },
      complete: { count: 1 },
    });
  });

  it('removed by somebody else', async () => {
    const { agent, oldest } = await changeTheOldest((path) => rmSync(path));
    await settled(agent);
    expect(outcomesOf(agent, oldest)).toEqual(['already-gone']);
    expect(agent.agent.status()).toMatchObject({ retrying: 0, due: 0, totals: { count: 3 } });
  });

  it('turned into a link to another archive', async () => {
    const { agent, oldest, path } = await changeTheOldest((archive) => {
      renameSync(archive, join(test.sandbox.stateDir, 'moved-away'));
      symlinkSync(join(test.sandbox.stateDir, 'moved-away'), archive);
    });
    await settled(agent);
    expect(outcomesOf(agent, oldest)).toEqual(['changed']);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(existsSync(join(test.sandbox.stateDir, 'moved-away'))).toBe(true);
    expect(agent.inventory.get(oldest)).toBeUndefined();
  });

  it('turned into a directory', async () => {
    const { agent, oldest, path } = await changeTheOldest((archive) => {
      rmSync(archive);
      mkdirSync(archive);
    });
    await settled(agent);
    expect(outcomesOf(agent, oldest)).toEqual(['changed']);
    expect(lstatSync(path).isDirectory()).toBe(true);
    expect(agent.inventory.get(oldest)).toBeUndefined();
  });

  it('given a second name: only the archive’s own name goes', async () => {
    const { agent, oldest } = await changeTheOldest((path) => linkSync(path, `${path}.hardlink`));
    await until('its name is gone', () => !test.sandbox.list().includes(oldest));
    expect(outcomesOf(agent, oldest)).toEqual(['deleted']);
    expect(test.sandbox.list()).toContain(`${oldest}.hardlink`);
  });
});

describe('a leftover that is completed between plan and deletion', () => {
  it('stays and counts as the copy it has become', async () => {
    const clock = manualClock(Date.now());
    const archive = test.sandbox.write(WEB, at(1));
    const path = join(test.sandbox.checkpointDir, archive);
    const { mtime } = statSync(path);
    const whole = readFileSync(path);
    // Same length, so that only reading it again tells what it is.
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(1024), 0, 1024, 0);
    closeSync(fd);
    utimesSync(path, mtime, mtime);
    const agent = await test.start({
      policy: policyOf('nodePolicy: {maxIncompleteAge: 1h}'),
      clock,
      quietPeriodMs: 1_000,
    });
    justBeforeDeletion(agent, () => {
      writeFileSync(path, whole, { flag: 'r+' });
      utimesSync(path, mtime, mtime);
    });
    for (let hours = 0; hours < 3; hours++) {
      clock.advance(60 * 60_000);
      await settled(agent);
    }
    expect(outcomesOf(agent, archive)).toEqual(['changed']);
    expect(existsSync(path)).toBe(true);
    expect(agent.inventory.get(archive)?.archive.state).toBe('complete');
  });
});

describe('a pin that cannot be looked for', () => {
  it('counts as there: an archive whose pin would have too long a name always stays', async () => {
    // 251 bytes: `<archive>.keep` has 256, which no filesystem takes (ENAMETOOLONG).
    const name = (second: number) => {
      const time = `2024-01-01T00:00:0${second}Z`;
      return { ...WEB, pod: 'p'.repeat(251 - `checkpoint-_shop-app-${time}.tar`.length) };
    };
    const longest = [1, 2].map((second) => test.sandbox.write(name(second), at(second)));
    const shorter = [1, 2, 3].map((second) =>
      test.sandbox.write({ ...name(second), pod: name(second).pod.slice(1) }, at(second)),
    );
    const agent = await test.start({
      policy: policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 1}'),
    });
    for (const second of [3, 4]) longest.push(test.sandbox.write(name(second), at(second)));
    await until('those are seen by hints', () => agent.agent.status().totals.count === 5);
    await settled(agent);
    expect(longest.map((archive) => archive.length)).toEqual([251, 251, 251, 251]);
    expect(test.sandbox.list()).toEqual([...longest, ...shorter.slice(2)].sort());
    expect(agent.agent.status().totals.states.pinned.count).toBe(4);
  });
});
