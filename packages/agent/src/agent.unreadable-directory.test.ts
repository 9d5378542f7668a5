import { setImmediate } from 'node:timers/promises';
import { policyHash } from '@checkpoint-warden/api';
import { createLogger, Registry } from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { expect, it } from 'vitest';
import { createAgent } from './agent.ts';
import { createClockGuard } from './clock-guard.ts';
import { createRemoteArchives } from './groups/remote-archives.ts';
import { createRuleHashes } from './groups/rule-hashes.ts';
import { createInventory } from './inventory/inventory.ts';
import { inventoryTotals } from './inventory/inventory-totals.ts';
import { createMetrics } from './metrics.ts';
import { createOwnerFacts } from './owners/owner-facts.ts';
import { NO_POLICY } from './policy/policy-in-force.ts';
import { policyOf } from './testing/agent-rig.ts';
import { archiveFileName } from './testing/build-archive.ts';
import { mapMemory } from './testing/map-memory.ts';
import { makeMemoryAgent } from './testing/memory-agent.ts';
import { memoryArchiveStore } from './testing/memory-archive-store.ts';
import { memoryDisk } from './testing/memory-disk.ts';

const SCAN_MS = 60_000;
const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };

it('while the directory cannot be listed no hint deletes anything: what is known may be wrong', async () => {
  const store = memoryArchiveStore();
  const clock = manualClock();
  const inventory = createInventory({ node: 'n', quietPeriodMs: SCAN_MS, memory: mapMemory().open() });
  const agent = createAgent(
    {
      store,
      inventory,
      owners: createOwnerFacts(),
      remoteArchives: createRemoteArchives('n', createRuleHashes()),
      hashOf: createRuleHashes(),
      audit: { append: (intents) => intents.map((_, index) => index), appendOutcomes: () => {} },
      clock,
      clockGuard: createClockGuard(clock, undefined),
      metrics: createMetrics(new Registry(), () => inventoryTotals(inventory.archives())),
      log: createLogger({ level: 'silent', terminal: false }),
    },
    { scanIntervalMs: SCAN_MS },
  );
  /** The agent sleeps again, and has done all that it could. */
  const idle = async () => {
    for (let turns = 0; turns < 50; turns++) await setImmediate();
    expect(clock.sleepers).toBe(1);
  };
  const [oldest = '', ...newer] = [1, 2, 3].map((second) => archiveFileName(OWNER, new Date(second * 1000)));
  for (const name of [oldest, ...newer]) {
    store.put(name, { structure: 'complete', owner: OWNER, sizeBytes: 1, mtimeMs: 1 });
  }
  store.pin(oldest);
  const policy = policyOf('globalPolicy: {maxCheckpointsPerContainer: 2}');
  agent.enforce({ ...NO_POLICY, source: 'file', policy, revision: 1, hash: policyHash(policy) });
  const stop = new AbortController();
  const ended = agent.run(stop.signal);
  await idle();

  store.faults.list = true;
  clock.advance(SCAN_MS);
  await idle();
  expect(agent.status().ready).toBe(false);
  store.unpin(oldest);
  agent.hint(`${oldest}.keep`);
  await idle();
  expect([...store.files.keys()]).toContain(oldest);

  store.faults.list = false;
  clock.advance(SCAN_MS);
  await idle();
  expect([...store.files.keys()]).toEqual(newer);
  stop.abort();
  await ended;
});

it('why the directory cannot be listed is said once, whichever call finds that out, and again when it is another reason', async () => {
  const clock = manualClock();
  const disk = memoryDisk(clock);
  let failure = { code: 'ENOENT', syscall: 'scandir' };
  const list = async () => {
    throw Object.assign(new Error(`${failure.code}: no, ${failure.syscall} '/dir'`), failure);
  };
  const reasons: string[] = [];
  const log = createLogger({
    level: 'error',
    terminal: false,
    destination: { write: (line: string) => void reasons.push(JSON.parse(line).reason) },
  });
  const agent = makeMemoryAgent({
    node: 'n',
    clock,
    random: () => 0,
    disk: { ...disk, store: { ...disk.store, list } },
    log,
  });
  for (const next of ['stat', 'scandir', 'stat']) {
    for (let turns = 0; turns < 50; turns++) await setImmediate();
    failure = { ...failure, syscall: next };
    clock.advance(SCAN_MS);
  }
  expect(reasons).toEqual(["ENOENT: no, scandir '/dir'"]);
  failure = { code: 'EACCES', syscall: 'scandir' };
  clock.advance(SCAN_MS);
  for (let turns = 0; turns < 50; turns++) await setImmediate();
  expect(reasons).toHaveLength(2);
  await agent.stop();
});
