import { setImmediate } from 'node:timers/promises';
import { toWireTime } from '@checkpoint-warden/api';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { expect, it } from 'vitest';
import { AUDIT_GROUP_SIZE } from './state/audit-log.ts';
import { policyOf } from './testing/agent-rig.ts';
import { message } from './testing/api-rig.ts';
import { archiveFileName } from './testing/build-archive.ts';
import { makeMemoryAgent } from './testing/memory-agent.ts';
import { memoryDisk } from './testing/memory-disk.ts';

const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const GONE = { absentSince: '2026-01-01T00:00:00.000Z', confirmedAt: '2026-01-01T01:00:00.000Z' };
const ARCHIVES = 2 * AUDIT_GROUP_SIZE;

/** @returns how many orphans are left when the time between the moment of the facts and the second batch is `lateMs` */
async function orphansLeft(lateMs: number): Promise<number> {
  const clock = manualClock();
  const disk = memoryDisk(clock);
  for (let second = 0; second < ARCHIVES; second++) {
    const content = { structure: 'complete', owner: OWNER, sizeBytes: 1, mtimeMs: second * 1_000 } as const;
    disk.store.put(archiveFileName(OWNER, new Date(second * 1_000)), content);
  }
  let batches = 0;
  const onIntents = (): void => {
    if (++batches === 1) clock.advance(lateMs);
  };
  const agent = makeMemoryAgent({ node: 'n', clock, random: () => 0, disk, hooks: { onIntents } });
  const settle = async () => {
    for (let turn = 0; turn < 50; turn++) await setImmediate();
  };
  await settle();
  const head = { ...message(1), node: 'n', sentAt: toWireTime(clock.nowMs()) };
  const policy = policyOf('{orphanGracePeriod: 1m, globalPolicy: {retainOrphan: false}}');
  agent.call({ method: 'PUT', path: '/v1/policy', body: { ...head, policy } });
  await settle();
  const { moment: asOf } = agent.service.state();
  const absent = [{ ...OWNER, ...GONE }];
  agent.call({ method: 'PUT', path: '/v1/owners', body: { ...head, asOf, absent } });
  await settle();
  await agent.stop();
  return disk.store.files.size;
}

it('deletes all orphans of a plan while it is known that their owner is gone', async () => {
  expect(await orphansLeft(30_000)).toBe(0);
});

it('does not go on with orphans when what was said of their owner is older than 30 s by then', async () => {
  expect(await orphansLeft(30_001)).toBe(ARCHIVES - AUDIT_GROUP_SIZE);
});

it('does not take an archive that has come since the owner was asked for: it was alive after all', async () => {
  const clock = manualClock();
  const disk = memoryDisk(clock);
  const content = { structure: 'complete', owner: OWNER, sizeBytes: 1, mtimeMs: 0 } as const;
  const put = (second: number) => disk.store.put(archiveFileName(OWNER, new Date(second * 1_000)), content);
  put(0);
  const agent = makeMemoryAgent({ node: 'n', clock, random: () => 0, disk });
  const settle = async () => {
    for (let turn = 0; turn < 50; turn++) await setImmediate();
  };
  await settle();
  const head = (revision: number) => ({ ...message(revision), node: 'n', sentAt: toWireTime(clock.nowMs()) });
  const policy = policyOf('{orphanGracePeriod: 1m, globalPolicy: {retainOrphan: false}}');
  agent.call({ method: 'PUT', path: '/v1/policy', body: { ...head(1), policy } });
  await settle();
  clock.advance(1_000);
  const tell = (revision: number, asOf: string) =>
    agent.call({
      method: 'PUT',
      path: '/v1/owners',
      body: { ...head(revision), asOf, absent: [{ ...OWNER, ...GONE }] },
    });
  const { moment } = agent.service.state();
  clock.advance(1_000);
  put(1);
  tell(1, moment);
  await settle();
  expect(disk.store.files.size).toBe(2);
  // Asked again since then, the answer counts.
  clock.advance(1_000);
  tell(2, agent.service.state().moment);
  await settle();
  expect(disk.store.files.size).toBe(0);
  await agent.stop();
});
