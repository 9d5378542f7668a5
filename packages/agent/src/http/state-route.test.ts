import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseMoment, StateSchema } from '@checkpoint-warden/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  startAgent,
  until,
} from '../testing/agent-rig.ts';
import { type ApiRig, makeApi, message, ownersMessage, schemaProblems } from '../testing/api-rig.ts';

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
    await api.put('/v1/owners', { ...ownersMessage(2), absent: [] });
    const { epoch } = message(1);
    expect((await api.get('/v1/state')).body).toMatchObject({
      policy: { source: 'controller', epoch, revision: 7, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      owners: { epoch, revision: 2 },
    });
  });

  it('tells the last word on owners after a restart as well: a leader must know whom it has obeyed', async () => {
    await api.put('/v1/owners', { ...ownersMessage(2), absent: [] });
    const { owners } = (await api.get('/v1/state')).body;
    const afterRestart = await makeApi(running, sandbox);
    expect((await afterRestart.get('/v1/state')).body.owners).toEqual(owners);
  });

  it('answers 304 without a body as long as nothing has changed', async () => {
    const headers: ((etag: string) => string)[] = [
      (etag) => etag,
      (etag) => `W/${etag}`,
      (etag) => `"other", ${etag}`,
      () => '*',
    ];
    for (const headerOf of headers) {
      const [first, second] = await unchanged(headerOf);
      expect(second).toMatchObject({ status: 304, etag: first.etag, body: undefined });
    }
    expect((await api.get('/v1/state', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('names its moment with every answer, which does not change the ETag', async () => {
    const [{ moment: first = '' }, { moment: second = '' }] = await unchanged((etag) => etag);
    const before = parseMoment(first);
    const now = parseMoment(second);
    expect([before?.instance, now?.instance]).toEqual(['first-start', 'first-start']);
    expect(now?.monotonicMs).toBeGreaterThan(before?.monotonicMs ?? Number.POSITIVE_INFINITY);
    expect(now?.monotonicMs).toBeLessThanOrEqual(performance.now());
  });

  it('tells what was deleted by policy object and reason, over restarts', async () => {
    running.enforce(
      policyOf('{applyPoliciesImmediately: true, globalPolicy: {maxCheckpointsPerContainer: 1}}'),
    );
    const { etag } = await api.get('/v1/state');
    for (const second of [2, 3]) sandbox.write(WEB, at(second));
    await until('one is left', () => sandbox.list().length === 1);
    const deletedOf = async () => (await api.get('/v1/state')).body.deleted;
    await until('it is told', async () => (await deletedOf())[0]?.count === 2);
    const told = await deletedOf();
    expect(told).toEqual([
      {
        policy: 'default',
        reason: 'over-count',
        count: 2,
        bytes: expect.any(Number),
        lastAt: expect.stringMatching(/Z$/),
      },
    ]);
    expect((await api.get('/v1/state', { 'if-none-match': etag ?? '' })).status).toBe(200);

    await running.stop();
    running = await startAgent(sandbox);
    api = await makeApi(running, sandbox);
    expect(await deletedOf()).toEqual(told);
  });

  it('tells what Audit mode would delete at each look, although that uses the arrivals up', async () => {
    running.enforce(policyOf('mode: Audit\nglobalPolicy: {maxCheckpointsPerContainer: 1}'));
    sandbox.write(WEB, at(2));
    await until('it is seen', () => running.agent.status().totals.count === 2);
    for (let look = 0; look < 3; look++) {
      const { lastScan } = running.agent.status();
      running.agent.rescan();
      await until('it has looked', () => running.agent.status().lastScan !== lastScan);
    }
    await until('nothing is due', () => running.agent.status().due === 0);
    const answer = await api.get('/v1/state');
    expect(schemaProblems(StateSchema, answer)).toEqual([]);
    expect(answer.body).toMatchObject({
      wouldDelete: [{ policy: 'default', reason: 'over-count', count: 1 }],
      deleted: [],
    });
    running.enforce(policyOf('mode: Audit\nglobalPolicy: {maxCheckpointsPerContainer: 2}'));
    await until('it would not', async () => (await api.get('/v1/state')).body.wouldDelete.length === 0);
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
    await api.put('/v1/owners', { ...ownersMessage(1), absent: [] });
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

type Answer = Awaited<ReturnType<ApiRig['get']>>;

/**
 * Asks twice, with a millisecond between, until nothing has changed meanwhile: the watch, once it is armed, has everything scanned
 * again, which changes the state once more.
 */
async function unchanged(headerOf: (etag: string) => string): Promise<[Answer, Answer]> {
  const answers: [Answer, Answer][] = [];
  await until('nothing has changed between two answers', async () => {
    const first = await api.get('/v1/state');
    const beforeMs = parseMoment(first.moment ?? '')?.monotonicMs ?? 0;
    await until('a later millisecond', () => Math.floor(performance.now()) > beforeMs);
    const second = await api.get('/v1/state', { 'if-none-match': headerOf(first.etag ?? '') });
    answers.push([first, second]);
    return second.status === 304;
  });
  const last = answers.at(-1);
  if (last === undefined) throw new Error('nothing was answered');
  return last;
}
