import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  archiveFileName,
  buildArchive,
  makeSandbox,
  type Sandbox,
  type SeededRandom,
  until,
  writeArchive,
} from '@checkpoint-warden/agent/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentProcess, startAgentProcess, useAgentProcesses } from './agent-process.ts';
import { auditBytes, readAuditRecord } from './audit-record.ts';
import { replacePolicy } from './policy-text.ts';
import { printedRandom } from './printed-random.ts';
import { createWitness, groupsOf, type Limits, policySpec, type WrittenArchive } from './witness.ts';

/** 36 kills; `npm run test:long` takes 1,008. */
const ROUNDS = process.env.WARDEN_DEV_LONG === '1' ? 84 : 3;
const KILLS_PER_ROUND = 12;
/** A round takes ten seconds, on a slow and busy machine a minute. */
const TIMEOUT_MS = 300_000;

const MIB = 2 ** 20;
const START_MS = Date.UTC(2024, 0, 1);
const OWNERS = [
  { namespace: 'shop', pod: 'web-0', container: 'app' },
  { namespace: 'shop', pod: 'web-0', container: 'proxy' },
  { namespace: 'shop', pod: 'web-1', container: 'app' },
  { namespace: 'shop-2', pod: 'web-0', container: 'app' },
];
/** An agent may just have missed a pin, and be kept from the processor before it deletes: while it runs, that shows within this. */
const PIN_CERTAIN_MS = 1_000;

useAgentProcesses();
let sandbox: Sandbox;
beforeEach(() => {
  sandbox = makeSandbox();
});
afterEach(() => sandbox.remove());

/** A world in which archives come, are pinned and let go, and the policy changes. Remembers all of it. */
function createWorld(random: SeededRandom) {
  const witness = createWitness();
  const policyFile = join(sandbox.checkpointDir, '..', 'policy.yaml');
  const pathOf = ({ name }: WrittenArchive) => join(sandbox.checkpointDir, name);
  const taken = new Set<string>();
  const unfinished = new Map<WrittenArchive, Buffer>();
  const pinnedAtMs = new Map<WrittenArchive, number>();
  /** Groups with an arrival since the policy was last changed. */
  const owed = new Set<string>();
  let newestMs = START_MS;
  let limits: Limits;

  /** The agent may take an archive as soon as its last byte is there: what it was, the open file still tells. */
  const finish = (archive: WrittenArchive, writeLast: () => void) => {
    const fd = openSync(pathOf(archive), 'a');
    writeLast();
    const { size, mtimeNs } = fstatSync(fd, { bigint: true });
    closeSync(fd);
    archive.complete = {
      sizeBytes: Number(size),
      mtimeMs: Number(mtimeNs / 1_000_000n),
      since: witness.now(),
    };
    for (const group of groupsOf(archive)) owed.add(group);
  };
  const begin = (): WrittenArchive => {
    const owner = random.pick(OWNERS);
    let timeMs: number;
    let name: string;
    do {
      newestMs += 1000;
      timeMs = random.below(100) < 85 ? newestMs : START_MS + random.below(3600) * 1000;
      name = archiveFileName(owner, new Date(timeMs));
    } while (taken.has(name));
    taken.add(name);
    const archive = { name, owner, timeMs, complete: undefined, pinnedSince: undefined, goneBy: undefined };
    return { ...archive, lastSeen: witness.now() };
  };
  const write = () => {
    const archive = begin();
    const pagesBytes = random.below(3) * MIB;
    finish(archive, () => writeArchive(pathOf(archive), { ...archive.owner, pagesBytes }));
    witness.add(archive);
  };
  const writeHalf = () => {
    const archive = begin();
    const bytes = buildArchive(archive.owner);
    const half = 512 * (1 + random.below(bytes.length / 512 - 3));
    writeFileSync(pathOf(archive), bytes.subarray(0, half));
    witness.add(archive);
    unfinished.set(archive, bytes.subarray(half));
  };
  const writeRest = () => {
    const [first] = unfinished;
    if (first === undefined) return;
    const [archive, rest] = first;
    unfinished.delete(archive);
    finish(archive, () => appendFileSync(pathOf(archive), rest));
  };
  const pin = () => {
    const free = [...witness.archives.values()].filter((each) => each.complete && !pinnedAtMs.has(each));
    const there = free.filter((each) => existsSync(pathOf(each)));
    if (there.length === 0) return;
    const archive = random.pick(there);
    writeFileSync(`${pathOf(archive)}.keep`, '');
    pinnedAtMs.set(archive, performance.now());
  };
  const unpin = () => {
    const [first] = pinnedAtMs;
    if (first === undefined) return;
    const [archive] = first;
    look();
    pinnedAtMs.delete(archive);
    archive.pinnedSince = undefined;
    rmSync(`${pathOf(archive)}.keep`);
    if (archive.goneBy === undefined) for (const group of groupsOf(archive)) owed.add(group);
  };
  /** @param runs - whether an agent does; without one, what is pinned and still there is so for certain */
  const look = (runs = true) => {
    const nowMs = performance.now(); // before the list: a pin is only as old as that
    const names = new Set(sandbox.list());
    witness.look(names);
    for (const [archive, sinceMs] of pinnedAtMs) {
      if (archive.goneBy === undefined && !(runs && nowMs - sinceMs <= PIN_CERTAIN_MS)) {
        archive.pinnedSince ??= archive.lastSeen;
      }
    }
  };
  const changePolicy = () => {
    const count = (most: number) => (random.below(100) < 60 ? 1 + random.below(most) : undefined);
    const some = (level: string, value: number | undefined) =>
      value === undefined ? {} : { [level]: value };
    limits = {
      immediately: random.below(100) < 50,
      maxCount: {
        ...some('container', count(8)),
        ...some('pod', count(12)),
        namespace: 5 + random.below(15),
      },
      maxTotalMiB: some('container', count(10)),
    };
    witness.policy(limits);
    replacePolicy(policyFile, policySpec(limits));
    owed.clear();
  };
  changePolicy();

  return {
    witness,
    policyFile,
    look,
    changePolicy,
    /** From now on arrivals are owed what the policy says. */
    forgetOwed: () => owed.clear(),
    /** One of the things that happen to a directory. */
    act() {
      const dice = random.below(100);
      if (dice < 60) write();
      else if (dice < 68) writeHalf();
      else if (dice < 76) writeRest();
      else if (dice < 88) pin();
      else unpin();
    },
    burst(archives: number) {
      for (let i = 0; i < archives; i++) write();
    },
    excess() {
      look();
      return witness.excess(limits, owed);
    },
  };
}
type World = ReturnType<typeof createWorld>;

/** When to kill: resolves at that moment. Things go on happening meanwhile. */
const MOMENTS: Record<string, (agent: AgentProcess, world: World, random: SeededRandom) => Promise<void>> = {
  async 'while it starts'(agent, _world, random) {
    const endMs = performance.now() + random.below(500);
    const isUp = () => agent.lines.some(({ msg }) => msg === 'first scan done');
    await until('it has started, or nearly', () => performance.now() > endMs || isUp());
  },
  async 'in its first scan'(agent, world, random) {
    const before = auditBytes(sandbox.stateDir);
    await agent.logged('agent starting');
    const isDone = () => agent.lines.some(({ msg }) => msg === 'first scan done');
    await lively(world, () => auditBytes(sandbox.stateDir) > before || isDone(), 5);
    await spin(random.below(3000));
  },
  async 'as deletions are announced'(agent, world, random) {
    await agent.logged('first scan done');
    const before = auditBytes(sandbox.stateDir);
    world.burst(10);
    await lively(world, () => auditBytes(sandbox.stateDir) > before, 1_000);
    await spin(random.below(1500));
  },
  async 'as the inventory is saved'(agent, world, random) {
    await agent.logged('first scan done');
    const journal = join(sandbox.stateDir, 'inventory.jsonl');
    const before = statSync(journal).size;
    world.act();
    await lively(world, () => statSync(journal).size !== before, 1_000);
    await spin(random.below(500));
  },
  async 'at any time'(agent, world, random) {
    await agent.logged('first scan done');
    const endMs = performance.now() + random.below(60);
    await lively(world, () => performance.now() > endMs, 1_000);
  },
  async 'as it takes up another policy'(agent, world, random) {
    await agent.logged('first scan done');
    world.changePolicy();
    const before = auditBytes(sandbox.stateDir);
    const endMs = performance.now() + 1_100;
    await lively(world, () => performance.now() > endMs || auditBytes(sandbox.stateDir) > before, 2);
    await spin(random.below(3000));
  },
};

const MOMENTS_OF_ARRIVALS = Object.keys(MOMENTS).filter((name) => !name.includes('policy'));

/** Lets things happen, now and then, until a condition holds. */
async function lively(world: World, isOver: () => boolean, acts: number): Promise<void> {
  let left = acts;
  await until('the moment to kill has come', async () => {
    for (let looks = 0; looks < 20; looks++) {
      if (isOver()) return true;
      await setImmediate();
    }
    if (left-- > 0) world.act();
    return false;
  });
}

/** Passes some microseconds; a timer is too coarse for the time between two deletions. */
async function spin(microseconds: number): Promise<void> {
  const endMs = performance.now() + microseconds / 1000;
  while (performance.now() < endMs) await setImmediate();
}

function start(world: World): AgentProcess {
  const { checkpointDir, stateDir } = sandbox;
  return startAgentProcess({ checkpointDir, stateDir, policyFile: world.policyFile });
}

/**
 * A kill in the middle of one `write` leaves a torn end: the audit log says so when it cuts it off, and nothing was deleted
 * for it, which the witness sees to. Nothing else may be wrong.
 */
function expectSoundState({ lines, stray }: AgentProcess): void {
  const troubles = lines.filter(({ level }) => level === 'error' || level === 'fatal');
  expect(troubles.filter(({ reason }) => reason !== 'its end was torn')).toEqual([]);
  expect(stray).toEqual([]);
}

/** What the inventory has on disk: the last line of each key counts. */
function readInventory(): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  const path = join(sandbox.stateDir, 'inventory.jsonl');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // A kill may have torn the last line.
  for (const line of text.split('\n').slice(0, -1)) {
    const [key, value] = JSON.parse(line);
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
  return entries;
}

describe('an agent that is killed again and again', () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => [round + 1]))(
    `deletes nothing it should have kept, records all it does and owes nothing in the end (round %i of ${ROUNDS})`,
    { timeout: TIMEOUT_MS },
    async () => {
      const random = printedRandom();
      const world = createWorld(random);
      let hasMemory = false;
      for (let kill = 0; kill < KILLS_PER_ROUND; kill++) {
        const isFrozen = kill >= KILLS_PER_ROUND / 2;
        if (kill === KILLS_PER_ROUND / 2 || !hasMemory) world.forgetOwed();
        world.burst(random.below(12));
        for (let acts = random.below(10); acts > 0; acts--) world.act();
        if (!isFrozen && random.below(100) < 60) world.changePolicy();
        world.look(false);

        const agent = start(world);
        const moment = random.pick(isFrozen ? MOMENTS_OF_ARRIVALS : Object.keys(MOMENTS));
        await MOMENTS[moment]?.(agent, world, random);
        await agent.kill();

        expectSoundState(agent);
        world.look(false);
        const record = readAuditRecord(sandbox.stateDir);
        const cutOff = record.filter(({ result }) => result === undefined).length;
        console.log(`killed ${moment}; ${record.length} deletions so far, ${cutOff} cut off`);
        world.witness.judge(record, false);
        hasMemory ||= readInventory().has('clock');
      }

      const agent = start(world);
      await agent.logged('first scan done');
      await until(`the limits hold: ${world.excess().join(', ')}`, () => world.excess().length === 0);
      expect(await agent.stop()).toBe(0);
      expectSoundState(agent);
      world.look(false);
      world.witness.judge(readAuditRecord(sandbox.stateDir), true);

      const inventory = readInventory();
      const archives = [...inventory.keys()].filter((key) => key.startsWith('archive/')).sort();
      expect(archives).toEqual(
        sandbox
          .list()
          .filter((name) => !name.endsWith('.keep'))
          .map((name) => `archive/${name}`),
      );
      expect([...inventory.keys()].filter((key) => key.startsWith('due/'))).toEqual([]);
    },
  );
});
