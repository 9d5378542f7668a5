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
import { AUDIT_GROUP_SIZE } from './state/audit-log.ts';
import { policyOf, until } from './testing/agent-rig.ts';
import { archiveFileName } from './testing/build-archive.ts';
import { mapMemory } from './testing/map-memory.ts';
import { memoryArchiveStore } from './testing/memory-archive-store.ts';

const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const START_MS = Date.UTC(2026, 0, 2);
const DAY_MS = 86_400_000;

/** An agent under an age limit on archives of `ageMs`; the clock steps by a year at the moment that `stepAt` names. */
async function runWithStep(stepAt: 'listing' | 'audit', archives: number, ageMs: number): Promise<number> {
  const clock = manualClock(START_MS);
  const store = memoryArchiveStore();
  for (let index = 0; index < archives; index++) {
    const createdMs = START_MS - ageMs - index * 1_000;
    const content = { structure: 'complete', owner: OWNER, sizeBytes: 1, mtimeMs: createdMs } as const;
    store.put(archiveFileName(OWNER, new Date(createdMs)), content);
  }
  let mayStep = false;
  const step = (moment: typeof stepAt): void => {
    if (!mayStep || moment !== stepAt) return;
    mayStep = false;
    clock.setWall(START_MS + 365 * DAY_MS);
  };
  const inventory = createInventory({ node: 'n', quietPeriodMs: 1_000, memory: mapMemory().open() });
  const agent = createAgent(
    {
      store: {
        ...store,
        async list() {
          step('listing');
          return store.list();
        },
      },
      inventory,
      owners: createOwnerFacts(),
      remoteArchives: createRemoteArchives('n', createRuleHashes()),
      hashOf: createRuleHashes(),
      audit: {
        append(intents) {
          step('audit');
          return intents.map((_, index) => index);
        },
        appendOutcomes() {},
      },
      clock,
      clockGuard: createClockGuard(clock, undefined),
      metrics: createMetrics(new Registry(), () => inventoryTotals(inventory.archives())),
      log: createLogger({ level: 'silent', terminal: false }),
    },
    { scanIntervalMs: 60_000 },
  );
  const stop = new AbortController();
  const ended = agent.run(stop.signal);
  await until('it is ready', () => agent.status().ready);
  const policy = policyOf('globalPolicy: {maxCheckpointAge: 30d}');
  mayStep = true;
  agent.enforce({ ...NO_POLICY, source: 'file', policy, revision: 1, hash: policyHash(policy) });
  await until(
    'it has noticed the step and come to rest',
    () => !agent.status().clock.trusted && clock.sleepers > 0,
  );
  stop.abort();
  await ended;
  return store.files.size;
}

it('deletes nothing by age when the clock steps in the middle of a scan', async () => {
  expect(await runWithStep('listing', 3, DAY_MS)).toBe(3);
});

it('does not go on by age when the clock steps between two batches of deletions', async () => {
  expect(await runWithStep('audit', AUDIT_GROUP_SIZE + 5, 31 * DAY_MS)).toBe(5);
});
