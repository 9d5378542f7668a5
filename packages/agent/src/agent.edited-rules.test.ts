import { setImmediate } from 'node:timers/promises';
import { type NewestAnswer, ruleHashesIn, toWireTime } from '@checkpoint-warden/api';
import { type ManualClock, manualClock } from '@checkpoint-warden/kit/testing';
import type { Policy } from '@checkpoint-warden/policy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyOf } from './testing/agent-rig.ts';
import { message } from './testing/api-rig.ts';
import { archiveFileName } from './testing/build-archive.ts';
import { type MemoryAgent, makeMemoryAgent } from './testing/memory-agent.ts';
import { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts';

const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const KEYS = ['shop/web-0', 'shop/web-0/app'];
const upTo = (count: number, more = '') => policyOf(`${more}globalPolicy: {maxCheckpointsPerPod: ${count}}`);
const THREE = upTo(3);
const THREE_IN_AUDIT = upTo(3, 'mode: Audit\n');

let clock: ManualClock;
let disk: MemoryDisk;
let agent: MemoryAgent;
let revision: number;
let auditFails: boolean;

beforeEach(() => {
  clock = manualClock(Date.UTC(2026, 0, 2));
  disk = memoryDisk(clock);
  revision = 0;
  auditFails = false;
});
afterEach(() => agent.stop());

const nameOf = (second: number): string => archiveFileName(OWNER, new Date(second * 1_000));

function put(second: number): void {
  const content = { structure: 'complete', owner: OWNER, sizeBytes: 1, mtimeMs: second * 1_000 } as const;
  disk.store.put(nameOf(second), content);
}

/** The seconds of the archives that are there. */
function left(): number[] {
  return Array.from({ length: 20 }, (_, second) => second).filter((second) =>
    disk.store.files.has(nameOf(second)),
  );
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await setImmediate();
}

async function start(policy?: Policy): Promise<void> {
  const onIntents = (): void => {
    if (auditFails) throw new Error('ENOSPC');
  };
  agent = makeMemoryAgent({ node: 'n', clock, random: Math.random, disk, hooks: { onIntents } });
  await settle();
  if (policy !== undefined) await enforce(policy);
}

async function restart(): Promise<void> {
  await agent.stop();
  await start();
}

function give(policy: Policy): void {
  const head = { ...message(++revision), node: 'n', sentAt: toWireTime(clock.nowMs()) };
  expect(agent.call({ method: 'PUT', path: '/v1/policy', body: { ...head, policy } }).status).toBe(200);
}

async function enforce(policy: Policy): Promise<void> {
  give(policy);
  await settle();
}

async function arrive(...seconds: number[]): Promise<void> {
  for (const second of seconds) {
    put(second);
    agent.agent.hint(nameOf(second));
    await settle();
  }
}

async function scan(): Promise<void> {
  agent.agent.rescan();
  await settle();
}

/** What it says of arrivals in the pod, in answer to who has that policy. */
function dueUnder({ rules }: Policy): readonly string[] | undefined {
  const groups = Array.from(ruleHashesIn(rules, 'shop').values(), (rule) => ({ group: 'shop/web-0', rule }));
  const answer = agent.call({ method: 'POST', path: '/v1/groups', body: { groups } }).body as NewestAnswer;
  return answer.groups[0]?.due;
}

describe('what an agent says of arrivals, when a rule is taken away and comes back,', () => {
  beforeEach(async () => {
    await start(THREE);
    await arrive(1);
    expect(dueUnder(THREE)).toEqual(KEYS);
  });

  it.each<[string, Policy]>([
    ['for Audit mode', THREE_IN_AUDIT],
    ['for another limit', upTo(4)],
    ['for none', { rules: [] }],
    [
      'by an entry for the namespace',
      upTo(3, 'containerPolicies: [{namespace: shop, pod: x, container: y, maxCheckpoints: 1}]\n'),
    ],
  ])('is nothing until the next arrival: %s', async (_, meanwhile) => {
    await enforce(meanwhile);
    await enforce(THREE);
    expect(dueUnder(THREE)).toEqual([]);
    await arrive(2);
    expect(dueUnder(THREE)).toEqual(KEYS);
  });

  it('is nothing after restarts either', async () => {
    await enforce(THREE_IN_AUDIT);
    await restart();
    await enforce(THREE);
    await restart();
    expect(dueUnder(THREE)).toEqual([]);
  });

  it('is as before where the edit was of another namespace', async () => {
    await enforce(upTo(3, 'namespacePolicies: [{namespace: bank, maxCheckpoints: 1}]\n'));
    await enforce(THREE);
    expect(dueUnder(THREE)).toEqual(KEYS);
  });

  it('is as before where it was away in between, and where it had no policy', async () => {
    await agent.stop();
    disk = { ...disk, control: memoryDisk(clock).control };
    await start();
    await scan();
    await enforce(THREE);
    expect(dueUnder(THREE)).toEqual(KEYS);
  });

  it('is as before where it could not look at the directory under the other rule', async () => {
    disk.store.faults.list = true;
    await enforce(THREE_IN_AUDIT);
    await enforce(THREE);
    disk.store.faults.list = false;
    await scan();
    expect(dueUnder(THREE)).toEqual(KEYS);
  });
});

describe.each<[string, () => Promise<void>, () => Promise<void>]>([
  [
    'an archive that cannot be looked at',
    async () => {
      await start(upTo(5));
      await arrive(1, 2, 3);
      disk.store.faults.archives.add(nameOf(1));
      await scan();
      await arrive(4);
    },
    async () => {
      disk.store.faults.archives.clear();
      await scan();
    },
  ],
  [
    'a deletion that failed',
    async () => {
      await start(upTo(3));
      auditFails = true;
      await arrive(1, 2, 3, 4);
    },
    async () => {
      auditFails = false;
      clock.advance(60_000);
      await settle();
    },
  ],
])('a group that is still due for %s', (_, make, heal) => {
  beforeEach(async () => {
    await make();
    expect(agent.agent.status().due).toBe(2);
  });

  it.each<[string, (edited: Policy) => Promise<void>]>([
    ['at once', enforce],
    [
      'over a restart',
      async (edited) => {
        await restart();
        await enforce(edited);
      },
    ],
  ])('is not due under an edited rule, and does not say so, %s', async (_when, edit) => {
    await edit(upTo(2));
    expect(left()).toEqual([1, 2, 3, 4]);
    expect(dueUnder(upTo(2))).toEqual([]);
    await heal();
    expect(left()).toEqual([1, 2, 3, 4]);
    expect(agent.agent.status().due).toBe(0);
    await arrive(5);
    expect(left()).toEqual([4, 5]);
  });

  it('does not say so before the scan that follows the edit either', () => {
    give(upTo(2));
    expect(dueUnder(upTo(2))).toEqual([]);
  });

  it('says what had arrived under its rule, as long as that is in force', async () => {
    const inForce = agent.agent.status().policy.policy;
    expect(dueUnder(inForce)).toEqual(KEYS);
    await heal();
    expect(agent.agent.status().due).toBe(0);
    expect(dueUnder(inForce)).toEqual(KEYS);
  });

  it('is due over a restart while its rule is in force', async () => {
    await restart();
    expect(agent.agent.status().due).toBe(2);
  });
});

describe('a group that is still due', () => {
  it('acts once it can, over a restart and an edit of another namespace', async () => {
    await start(THREE);
    auditFails = true;
    await arrive(1, 2, 3, 4);
    await restart();
    await enforce(upTo(3, 'namespacePolicies: [{namespace: bank, maxCheckpoints: 1}]\n'));
    expect(left()).toEqual([1, 2, 3, 4]);
    auditFails = false;
    clock.advance(60_000);
    await settle();
    expect(left()).toEqual([2, 3, 4]);
  });
});
