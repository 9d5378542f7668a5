import { setImmediate } from 'node:timers/promises';
import { StateSchema } from '@checkpoint-warden/api';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { policyOf } from './agent-rig.ts';
import { message, schemaProblems } from './api-rig.ts';
import { archiveFileName } from './build-archive.ts';
import { type MemoryAgentHooks, makeMemoryAgent } from './memory-agent.ts';
import { type MemoryDisk, memoryDisk } from './memory-disk.ts';

const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const ONE_NOW = policyOf('{applyPoliciesImmediately: true, globalPolicy: {maxCheckpointsPerContainer: 1}}');

const clock = manualClock();
let disk: MemoryDisk;

beforeEach(() => {
  disk = memoryDisk(clock);
  for (const second of [1, 2, 3]) {
    const content = { structure: 'complete', owner: OWNER, sizeBytes: 10, mtimeMs: second * 1_000 } as const;
    disk.store.put(archiveFileName(OWNER, new Date(second * 1_000)), content);
  }
});

const start = (hooks: MemoryAgentHooks = {}) =>
  makeMemoryAgent({ node: 'node-1', clock, random: () => 0.5, disk, hooks });
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
};

describe('an agent in memory', () => {
  it('obeys a policy, tells of it, and has it again after a kill', async () => {
    const agent = start();
    await settle();
    const put = { method: 'PUT', path: '/v1/policy', body: { ...message(1), policy: ONE_NOW } } as const;
    expect(agent.call(put).status).toBe(200);
    await settle();
    expect(disk.store.files.size).toBe(1);
    agent.kill();
    expect(() => agent.call({ method: 'GET', path: '/v1/state' })).toThrowError(
      expect.objectContaining({ code: 'CW_ERR_UNREACHABLE' }),
    );

    const restarted = start();
    await settle();
    const answer = restarted.call({ method: 'GET', path: '/v1/state' });
    expect(schemaProblems(StateSchema, { ...answer, etag: undefined, moment: undefined })).toEqual([]);
    expect(answer.body).toMatchObject({
      policy: { source: 'controller', revision: 1 },
      deleted: [{ policy: 'default', reason: 'over-count', count: 2, bytes: 20 }],
    });
    await restarted.stop();
  });

  it('that is killed between the audit line and the deletion has deleted nothing, and the next start says so', async () => {
    const agent = start({ onRemove: () => agent.kill() });
    await settle();
    agent.call({ method: 'PUT', path: '/v1/policy', body: { ...message(1), policy: ONE_NOW } });
    await settle();
    expect(disk.store.files.size).toBe(3);
    expect(disk.audit.pendingIntents()).toHaveLength(2);
    const restarted = start();
    await settle();
    expect(disk.audit.pendingIntents()).toEqual([]);
    expect(disk.store.files.size).toBe(1);
    await restarted.stop();
  });

  it.each([
    ['GET', '/v1/nothing', undefined, 404, 'CW_ERR_NOT_FOUND'],
    ['GET', '/v1/owners?limit=x', undefined, 400, 'CW_ERR_REQUEST_INVALID'],
    ['PUT', '/v1/owners', { ...message(1), absent: [] }, 400, 'CW_ERR_REQUEST_INVALID'],
    ['PUT', '/v1/owners', { ...message(1), absent: [], asOf: 'else/1' }, 409, 'CW_ERR_STALE_FACTS'],
    ['GET', '/v1/groups?limit=x', undefined, 400, 'CW_ERR_REQUEST_INVALID'],
    ['POST', '/v1/groups', { groups: [] }, 400, 'CW_ERR_REQUEST_INVALID'],
    ['PUT', '/v1/remote-archives', { ...message(1), groups: [] }, 400, 'CW_ERR_REQUEST_INVALID'],
    [
      'PUT',
      '/v1/remote-archives',
      { ...message(1), groups: [], asOf: 'else/1', olderMs: 0 },
      409,
      'CW_ERR_STALE_FACTS',
    ],
    ['PUT', '/v1/policy', { ...message(1), policy: { rules: [1] } }, 422, 'CW_ERR_POLICY_INVALID'],
  ] as const)('answers %s %s as the server does', async (method, path, body, status, code) => {
    const agent = start();
    await settle();
    expect(agent.call({ method, path, body })).toMatchObject({ status, body: { code } });
    await agent.stop();
  });

  it('answers 304 to an ETag that is still right, with its moment', async () => {
    const agent = start();
    await settle();
    const { headers } = agent.call({ method: 'GET', path: '/v1/state' });
    clock.advance(5);
    const again = agent.call({
      method: 'GET',
      path: '/v1/state',
      headers: { 'if-none-match': headers.etag ?? '' },
    });
    expect(again).toMatchObject({ status: 304, headers: { etag: headers.etag } });
    expect(again.headers['checkpoint-warden-moment']).toBe(
      `${agent.instance}/${Math.floor(clock.monotonicMs())}`,
    );
    await agent.stop();
  });
});
