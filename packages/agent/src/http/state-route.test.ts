import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { StateSchema } from '@checkpoint-warden/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  startAgent,
  until,
} from '../testing/agent-rig.ts';
import { type ApiRig, makeApi, message, schemaProblems } from '../testing/api-rig.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

let sandbox: Sandbox;
let running: RunningAgent;
let api: ApiRig;

beforeEach(async () => {
  sandbox = makeSandbox();
  sandbox.write(WEB, at(1));
  running = await startAgent(sandbox);
  api = await makeApi(running, sandbox);
});
afterEach(async () => {
  await running.stop();
  sandbox.remove();
});

describe('GET /v1/state', () => {
  it('tells what is in force and what is there', async () => {
    const answer = await api.get('/v1/state');
    expect(schemaProblems(StateSchema, answer)).toEqual([]);
    expect(answer.body).toMatchObject({
      node: 'node-1',
      ready: true,
      policy: { source: 'none', revision: 0 },
      inventory: { instance: 'first-start' },
      archives: {
        count: 1,
        states: { complete: { count: 1 }, pinned: { count: 0, bytes: 0 } },
        oldestAt: '2026-01-01T00:00:01.000Z',
      },
      lastScan: { finishedAt: expect.stringMatching(/Z$/) },
      clock: { trusted: true },
      unreachable: { count: 0, limits: [] },
      auditSeq: 0,
    });
    expect(answer.body).not.toHaveProperty('owners');
  });

  it('has the revisions of accepted messages, with their epoch', async () => {
    await api.put('/v1/policy', {
      ...message(7),
      policy: policyOf('globalPolicy: {maxCheckpointAge: 400w}'),
    });
    await api.put('/v1/owners', { ...message(2), absent: [] });
    const { epoch } = message(1);
    expect((await api.get('/v1/state')).body).toMatchObject({
      policy: { source: 'controller', epoch, revision: 7, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      owners: { epoch, revision: 2 },
    });
  });

  it('forgets owner states at a restart, as they are not in force then', async () => {
    await api.put('/v1/owners', { ...message(2), absent: [] });
    const afterRestart = await makeApi(running, sandbox);
    expect((await afterRestart.get('/v1/state')).body).not.toHaveProperty('owners');
  });

  it('answers 304 without a body as long as nothing has changed', async () => {
    const { etag = '' } = await api.get('/v1/state');
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      expect(await api.get('/v1/state', { 'if-none-match': header })).toEqual({
        status: 304,
        etag,
        body: undefined,
      });
    }
    expect((await api.get('/v1/state', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('has another ETag after an arrival and after each message', async () => {
    const etags = new Set<string | undefined>();
    const take = async () => etags.add((await api.get('/v1/state')).etag);
    await take();
    const { revision } = running.inventory;
    sandbox.write(WEB, at(2));
    await until('the arrival is seen', () => running.inventory.revision > revision);
    await take();
    await api.put('/v1/policy', { ...message(1), policy: { rules: [] } });
    await take();
    await api.put('/v1/owners', { ...message(1), absent: [] });
    await take();
    expect(etags.size).toBe(4);
  });

  it('tells how far the audit log goes, so that a reader of it sees when there is more and when it was lost', async () => {
    running.enforce(
      policyOf('{applyPoliciesImmediately: true, globalPolicy: {maxCheckpointsPerContainer: 1}}'),
    );
    sandbox.write(WEB, at(2));
    await until('the older one is gone', () => running.deletions().length === 2);
    const { etag, body } = await api.get('/v1/state');
    expect(body.auditSeq).toBe(2);
    expect((await api.get(`/v1/deletions?after=${body.auditSeq}`)).body.entries).toEqual([]);

    running.audit.appendOutcomes([{ intent: 1, result: 'already-gone' }]);
    const later = await api.get('/v1/state', { 'if-none-match': etag ?? '' });
    expect([later.status, later.body?.auditSeq]).toEqual([200, 3]);

    await running.stop();
    rmSync(join(sandbox.stateDir, 'audit'), { recursive: true });
    running = await startAgent(sandbox);
    api = await makeApi(running, sandbox);
    expect((await api.get('/v1/state')).body.auditSeq).toBe(0);
  });
});
