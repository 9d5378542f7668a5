import { appendFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  type StartOptions,
  startAgent,
  until,
} from './testing/agent-rig.ts';
import { archiveFileName, buildArchive } from './testing/build-archive.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const DB = { runtime: 'cri-o', namespace: 'shop', pod: 'db-0', container: 'pg' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const THREE_PER_CONTAINER = policyOf('globalPolicy: {maxCheckpointsPerContainer: 3}');
const ONE_PER_CONTAINER = policyOf('globalPolicy: {maxCheckpointsPerContainer: 1}');

let sandbox: Sandbox;
let running: RunningAgent | undefined;

beforeEach(() => {
  sandbox = makeSandbox();
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  sandbox.remove();
});

async function start(options?: StartOptions): Promise<RunningAgent> {
  running = await startAgent(sandbox, options);
  return running;
}

async function restart(options?: StartOptions): Promise<RunningAgent> {
  await running?.stop();
  return start(options);
}

/** Lets everything that is on its way come through: a scan that began after now has ended. */
async function settled(agent: RunningAgent): Promise<void> {
  // Twice: the first to end may be one that was under way, and has passed by what came just now.
  for (let scans = 0; scans < 2; scans++) {
    const before = agent.agent.status().lastScan;
    agent.agent.rescan();
    await until('another scan is done', () => agent.agent.status().lastScan !== before);
  }
}

describe('arrivals', () => {
  it('deletes the oldest archive of a container when one more than its limit arrives', async () => {
    const [oldest] = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
    await start({ policy: THREE_PER_CONTAINER });
    sandbox.write(WEB, at(4));
    await until('the oldest is gone', () => sandbox.list().length === 3);
    expect(sandbox.list()).not.toContain(oldest);
  });

  it('takes what exists at the very first start as seen: nothing is deleted', async () => {
    for (const second of [1, 2, 3, 4, 5]) sandbox.write(WEB, at(second));
    const agent = await start({ policy: THREE_PER_CONTAINER });
    await settled(agent);
    expect(sandbox.list()).toHaveLength(5);
  });

  it('acts on what arrived while the agent was down', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    await start({ policy: THREE_PER_CONTAINER });
    await running?.stop();
    running = undefined;
    sandbox.write(WEB, at(4));
    await start({ policy: THREE_PER_CONTAINER });
    expect(sandbox.list()).toHaveLength(3);
  });

  it('deletes nothing when only the limit is edited, until the next arrival in that group', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    for (const second of [1, 2, 3]) sandbox.write(DB, at(second));
    const agent = await start({ policy: THREE_PER_CONTAINER });
    agent.enforce(ONE_PER_CONTAINER);
    await settled(agent);
    expect(sandbox.list()).toHaveLength(6);
    sandbox.write(WEB, at(4));
    await until('one of web is left', () => sandbox.list().length === 4);
    expect(sandbox.list().filter((name) => name.includes('db-0'))).toHaveLength(3);
  });

  it('deletes at once with applyPoliciesImmediately, also after a restart', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    const agent = await start({ policy: THREE_PER_CONTAINER });
    agent.enforce(policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 2}'));
    await until('one is gone', () => sandbox.list().length === 2);
    await restart({
      policy: policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 1}'),
    });
    expect(sandbox.list()).toHaveLength(1);
  });

  it('forgets no arrival and invents none across restarts', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    await start({ policy: THREE_PER_CONTAINER });
    await restart({ policy: ONE_PER_CONTAINER });
    await settled(running as RunningAgent);
    expect(sandbox.list()).toHaveLength(3);
  });

  it('counts all as seen when its memory is damaged, sets it aside and says so', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    await start({ policy: THREE_PER_CONTAINER });
    await running?.stop();
    running = undefined;
    writeFileSync(join(sandbox.stateDir, 'inventory.jsonl'), 'no json\nat all\n');
    sandbox.write(WEB, at(4));
    const agent = await start({ policy: THREE_PER_CONTAINER });
    await settled(agent);
    expect(sandbox.list()).toHaveLength(4);
    expect(agent.lines.map(({ msg }) => msg)).toContain('damaged state set aside');
  });

  it('takes the removal of a pin as an arrival', async () => {
    const names = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
    const pin = join(sandbox.checkpointDir, `${names[0]}.keep`);
    writeFileSync(pin, '');
    const agent = await start({ policy: THREE_PER_CONTAINER });
    agent.enforce(policyOf('globalPolicy: {maxCheckpointsPerContainer: 2}'));
    await settled(agent);
    expect(sandbox.list()).toHaveLength(4);
    rmSync(pin);
    await until('the unpinned one is gone', () => sandbox.list().length === 2);
    expect(sandbox.list()).toEqual(names.slice(1));
  });

  it('uses arrivals up in Audit mode: a switch to Enforce deletes nothing by itself', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    const agent = await start({
      policy: policyOf('mode: Audit\nglobalPolicy: {maxCheckpointsPerContainer: 3}'),
    });
    const surplus = sandbox.write(WEB, at(4));
    await until('it is reported', () => agent.lines.some(({ msg }) => msg === 'archive would be deleted'));
    agent.enforce(THREE_PER_CONTAINER);
    await settled(agent);
    expect(sandbox.list()).toHaveLength(4);
    expect(sandbox.list()).toContain(surplus);
    expect(agent.deletions()).toEqual([]);
  });
});

describe('archives being written', () => {
  it('does not count an archive before its last byte, and acts at that', async () => {
    const [oldest] = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
    const agent = await start({ policy: THREE_PER_CONTAINER });
    const bytes = buildArchive(WEB);
    const path = join(sandbox.checkpointDir, archiveFileName(WEB, at(4)));
    for (let position = 0; position < bytes.length - 512; position += 64 * 1024) {
      appendFileSync(path, bytes.subarray(position, Math.min(position + 64 * 1024, bytes.length - 512)));
      await settled(agent);
    }
    expect(sandbox.list()).toContain(oldest);
    expect(agent.agent.status().totals.states.writing.count).toBe(1);
    appendFileSync(path, bytes.subarray(bytes.length - 512));
    await until('the oldest is gone', () => !sandbox.list().includes(oldest ?? ''));
  });

  it('never lets an incomplete archive displace a complete one, and removes it only by its own age', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    const clock = manualClock(Date.now());
    const agent = await start({
      policy: policyOf('globalPolicy: {maxCheckpointsPerContainer: 3}\nnodePolicy: {maxIncompleteAge: 1h}'),
      clock,
      quietPeriodMs: 60_000,
    });
    const cut = sandbox.write(WEB, at(4));
    truncateSync(join(sandbox.checkpointDir, cut), 100_000);
    await settled(agent);
    expect(sandbox.list()).toHaveLength(4);
    clock.advance(61_000);
    await settled(agent);
    expect(agent.agent.status().totals.states.incomplete.count).toBe(1);
    expect(sandbox.list()).toHaveLength(4);
    for (let minute = 0; minute < 61; minute++) {
      clock.advance(60_000);
      await settled(agent);
    }
    await until('the leftover is gone', () => !sandbox.list().includes(cut));
    expect(sandbox.list()).toHaveLength(3);
  });
});

describe('the policy', () => {
  it('deletes nothing when there is none', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    const agent = await start();
    sandbox.write(WEB, at(4));
    await until('it is seen', () => agent.agent.status().totals.count === 4);
    await settled(agent);
    expect(sandbox.list()).toHaveLength(4);
  });

  it('stops carrying out a plan when the policy changes in the middle of it', async () => {
    for (let second = 0; second < 600; second++) sandbox.write({ ...WEB, pagesBytes: 0 }, at(second));
    const agent = await start({ policy: policyOf('globalPolicy: {maxCheckpointsPerContainer: 600}') });
    const append = agent.audit.append.bind(agent.audit);
    let batches = 0;
    // The first batch's audit lines are the moment at which the new policy comes in.
    Object.assign(agent.audit, {
      append: (intents: Parameters<typeof append>[0]) => {
        if (++batches === 1)
          queueMicrotask(() => agent.enforce(policyOf('globalPolicy: {maxCheckpointsPerContainer: 600}')));
        return append(intents);
      },
    });
    agent.enforce(policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 1}'));
    await until('the first batch is gone', () => sandbox.list().length < 600);
    await settled(agent);
    expect(batches).toBe(1);
    expect(sandbox.list().length).toBeGreaterThan(400);
  });
});

describe('orphans', () => {
  it('acts on a confirmation that an owner is gone, and only for as long as it is fresh', async () => {
    const clock = manualClock(Date.now());
    const policy = policyOf('orphanGracePeriod: 1m\nglobalPolicy: {retainOrphan: false}');
    sandbox.write(WEB, at(1));
    const agent = await start({ policy, clock });
    const gone = [{ namespace: 'shop', pod: 'web-0', container: 'app', goneForMs: 60_000 }];

    agent.owners.replace(gone, clock.monotonicMs());
    clock.advance(30_001);
    agent.agent.rescan();
    await settled(agent);
    expect(sandbox.list()).toHaveLength(1);

    agent.owners.replace([{ ...gone[0], goneForMs: 59_999 } as (typeof gone)[0]], clock.monotonicMs());
    await settled(agent);
    expect(sandbox.list()).toHaveLength(1);

    agent.owners.replace(gone, clock.monotonicMs());
    agent.agent.rescan();
    await until('the orphan is gone', () => sandbox.list().length === 0);
  });
});

describe('the clock', () => {
  it('takes no owner for gone while it is not trusted: the machine may have slept since that was said', async () => {
    const clock = manualClock(Date.now());
    sandbox.write(WEB, at(1));
    const policy = policyOf('orphanGracePeriod: 0s\nglobalPolicy: {retainOrphan: false}');
    const agent = await start({ policy, clock });
    clock.setWall(clock.nowMs() + 3_600_000);
    await settled(agent);
    agent.owners.replace(
      [{ namespace: 'shop', pod: 'web-0', container: 'app', goneForMs: 60_000 }],
      clock.monotonicMs(),
    );
    await settled(agent);
    expect(sandbox.list()).toHaveLength(1);
  });

  it('withholds what goes by age after a step, and trusts a clock that has run steadily again', async () => {
    const clock = manualClock(Date.UTC(2026, 0, 1, 1));
    sandbox.write(WEB, at(1));
    const agent = await start({ policy: policyOf('globalPolicy: {maxCheckpointAge: 30d}'), clock });
    clock.setWall(Date.UTC(2027, 0, 1));
    await settled(agent);
    expect(sandbox.list()).toHaveLength(1);
    expect(agent.agent.status().clock.trusted).toBe(false);
    expect(await agent.registry.metrics()).toContain('checkpoint_warden_clock_trusted 0');
    clock.setWall(Date.UTC(2026, 0, 1, 1));
    for (let minute = 0; minute < 12; minute++) {
      await settled(agent);
      clock.advance(60_000);
    }
    await settled(agent);
    expect(agent.agent.status().clock.trusted).toBe(true);
    expect(await agent.registry.metrics()).toContain('checkpoint_warden_clock_trusted 1');
    expect(sandbox.list()).toHaveLength(1);
  });

  it('does not trust a clock that is behind what the state directory has seen', async () => {
    sandbox.write(WEB, at(1));
    await start({ clock: manualClock(Date.UTC(2026, 5, 1)) });
    const policy = policyOf('globalPolicy: {maxCheckpointAge: 1h}');
    const agent = await restart({ policy, clock: manualClock(Date.UTC(2026, 4, 1)) });
    await settled(agent);
    expect(sandbox.list()).toHaveLength(1);
    expect(agent.agent.status().clock.why).toMatch(/behind/);
  });
});

describe('the directory', () => {
  it('stays up and unready while the directory is missing, says so once and recovers by itself', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    const agent = await start({ policy: THREE_PER_CONTAINER, scanIntervalMs: 20 });
    renameSync(sandbox.checkpointDir, `${sandbox.checkpointDir}-away`);
    await until('it is not ready', () => !agent.agent.status().ready);
    renameSync(`${sandbox.checkpointDir}-away`, sandbox.checkpointDir);
    await until('it is ready again', () => agent.agent.status().ready);
    sandbox.write(WEB, at(4));
    await until('it enforces again', () => sandbox.list().length === 3);
    expect(agent.lines.filter(({ msg }) => msg === 'checkpoint directory cannot be read')).toHaveLength(1);
  });

  it('follows a replaced directory with a new watch', async () => {
    const agent = await start({ policy: ONE_PER_CONTAINER });
    renameSync(sandbox.checkpointDir, `${sandbox.checkpointDir}-old`);
    mkdirSync(sandbox.checkpointDir);
    await settled(agent);
    sandbox.write(WEB, at(1));
    await until('the first is seen by a hint', () => agent.agent.status().totals.count === 1);
    sandbox.write(WEB, at(2));
    await until('the older is gone by a hint', () => sandbox.list().length === 1);
  });
});

describe('the audit log', () => {
  it('names every deletion before it happens, with its reason, rule and policy, and its outcome after', async () => {
    const [oldest] = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
    const agent = await start({ policy: THREE_PER_CONTAINER });
    sandbox.write(WEB, at(4));
    await until('the oldest is gone', () => sandbox.list().length === 3);
    const [intent, outcome] = agent.deletions();
    expect(intent).toMatchObject({
      kind: 'intent',
      archive: oldest,
      node: 'node-1',
      owner: { namespace: 'shop', pod: 'web-0', container: 'app' },
      reason: 'over-count',
      rule: 'default/globalPolicy',
      policy: { source: 'file', revision: 1 },
      mode: 'Enforce',
    });
    expect(outcome).toMatchObject({ kind: 'outcome', intent: intent?.seq, result: 'deleted' });
  });

  it('deletes nothing that it cannot take down first', async () => {
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    const agent = await start({ policy: THREE_PER_CONTAINER });
    const append = agent.audit.append;
    let broken = true;
    Object.assign(agent.audit, {
      append: (intents: Parameters<typeof append>[0]) => {
        if (broken) throw new Error('EIO');
        return append(intents);
      },
    });
    sandbox.write(WEB, at(4));
    await until('it is said', () => agent.lines.some(({ msg }) => msg === 'audit log cannot be written'));
    expect(sandbox.list()).toHaveLength(4);
    expect(await agent.registry.metrics()).toContain('checkpoint_warden_deletions_failing 1');
    broken = false;
    await settled(agent);
    await until('the group is still due', () => sandbox.list().length === 3);
    await settled(agent);
    expect(await agent.registry.metrics()).toContain('checkpoint_warden_deletions_failing 0');
  });
});

describe('limits out of reach', () => {
  it('are reported once when they begin and once when they end', async () => {
    const agent = await start({
      policy: policyOf('globalPolicy: {maxCheckpointsPerNamespace: 1, keepLast: 1}'),
    });
    sandbox.write(WEB, at(1));
    const db = sandbox.write(DB, at(2));
    const said = (msg: string) => agent.lines.filter((line) => line.msg === msg).length;
    await until('it is said', () => said('limit cannot be reached: pins or keepLast stand against it') === 1);
    sandbox.write(DB, at(3));
    await until('the older db is gone', () => !sandbox.list().includes(db));
    await settled(agent);
    expect(said('limit cannot be reached: pins or keepLast stand against it')).toBe(1);
    expect(await agent.registry.metrics()).toContain(
      'checkpoint_warden_limit_unreachable{limit="maxCheckpoints"} 1',
    );
    rmSync(join(sandbox.checkpointDir, sandbox.list().find((name) => name.includes('web')) ?? ''));
    sandbox.write(DB, at(4));
    await until('its end is said', () => said('limit holds again') === 1);
  });
});
