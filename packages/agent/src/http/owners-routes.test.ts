import { OwnersInForceSchema, OwnersPageSchema } from '@checkpoint-warden/api';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  startAgent,
  until,
} from '../testing/agent-rig.ts';
import { type ApiRig, errorOf, makeApi, message, ownersMessage, schemaProblems } from '../testing/api-rig.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const LOG = { ...WEB, container: 'log' } as const;
const DB = { ...WEB, namespace: 'data', pod: 'db-0', container: 'db' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

/** As the controller says that an owner is gone for five minutes. */
const gone = ({ namespace, pod, container }: typeof WEB | typeof LOG | typeof DB) => ({
  namespace,
  pod,
  container,
  absentSince: '2026-01-01T00:00:00.000Z',
  confirmedAt: '2026-01-01T00:05:00.000Z',
});

let sandbox: Sandbox;
let running: RunningAgent;
let api: ApiRig;

beforeEach(async () => {
  sandbox = makeSandbox();
  sandbox.write(WEB, at(1));
  sandbox.write(WEB, at(2));
  sandbox.write(LOG, at(3));
  sandbox.write(DB, at(4));
  running = await startAgent(sandbox, {
    policy: policyOf('{orphanGracePeriod: 1m, globalPolicy: {retainOrphan: false}}'),
  });
  api = await makeApi(running, sandbox);
});
afterEach(async () => {
  await running.stop();
  sandbox.remove();
});

describe('GET /v1/owners', () => {
  it('names each owner once, in order', async () => {
    const answer = await api.get('/v1/owners');
    expect(schemaProblems(OwnersPageSchema, answer)).toEqual([]);
    expect(answer.body.inventory).toEqual({ instance: 'first-start', revision: running.inventory.revision });
    expect(answer.body.owners).toMatchObject([
      { namespace: 'data', pod: 'db-0', container: 'db', archives: 1 },
      { namespace: 'shop', pod: 'web-0', container: 'app', archives: 2, podUids: [expect.any(String)] },
      { namespace: 'shop', pod: 'web-0', container: 'log', archives: 1 },
    ]);
  });

  it('comes in pages', async () => {
    const first = await api.get('/v1/owners?limit=2');
    expect(first.body.owners).toHaveLength(2);
    const second = await api.get(`/v1/owners?limit=2&after=${encodeURIComponent(first.body.next)}`);
    expect(second.body.owners).toMatchObject([{ container: 'log' }]);
    expect(second.body).not.toHaveProperty('next');
  });
});

describe('PUT /v1/owners', () => {
  it('makes the archives of an owner that is gone go', async () => {
    const answer = await api.put('/v1/owners', { ...ownersMessage(1), absent: [gone(WEB)] });
    expect(answer.status).toBe(200);
    expect(schemaProblems(OwnersInForceSchema, answer)).toEqual([]);
    await until('its archives are gone', () => sandbox.list().length === 2);
    expect(running.deletions()).toMatchObject([
      { kind: 'intent', reason: 'orphaned' },
      { kind: 'intent', reason: 'orphaned' },
      { kind: 'outcome', result: 'deleted' },
      { kind: 'outcome', result: 'deleted' },
    ]);
  });

  it('tells how long an owner is gone by the two times it is given, not by the agent’s clock', async () => {
    await api.put('/v1/owners', {
      ...ownersMessage(1),
      absent: [{ ...gone(DB), confirmedAt: '2026-01-01T00:00:59.999Z' }],
    });
    expect(running.owners.stateOf(DB, performance.now())).toEqual({ state: 'absent', goneForMs: 59_999 });
  });

  it('replaces what was said before: who is not named is unknown again', async () => {
    const young = { ...gone(DB), confirmedAt: '2026-01-01T00:00:01.000Z' };
    await api.put('/v1/owners', { ...ownersMessage(1), absent: [young] });
    await api.put('/v1/owners', { ...ownersMessage(2), absent: [] });
    expect(running.owners.stateOf(DB, performance.now())).toEqual({ state: 'unknown' });
  });

  it('does not renew a confirmation that is repeated, as it may be old', async () => {
    const push = { ...ownersMessage(1), absent: [{ ...gone(DB), confirmedAt: '2026-01-01T00:00:01.000Z' }] };
    await api.put('/v1/owners', push);
    const { revision } = running.owners;
    expect((await api.put('/v1/owners', push)).status).toBe(200);
    expect(running.owners.revision).toBe(revision);
    const restarted = await makeApi(running, sandbox);
    expect((await restarted.put('/v1/owners', push)).status).toBe(200);
    expect(running.owners.revision).toBe(revision);
  });

  it('refuses owner states for another node', async () => {
    const { moment: asOf } = await api.get('/v1/state');
    const answer = await api.put('/v1/owners', { ...message(1), node: 'node-2', asOf, absent: [] });
    expect(errorOf(answer)).toBe('421 CW_ERR_AGENT_NODE');
  });

  it('refuses any on an agent that has a policy file, where owners are unknown', async () => {
    const alone = await makeApi(running, sandbox, { policyFromFile: true });
    const answer = await alone.put('/v1/owners', { ...ownersMessage(1), absent: [gone(WEB)] });
    expect(errorOf(answer)).toBe('409 CW_ERR_POLICY_FROM_FILE');
    expect(running.owners.stateOf(WEB, performance.now())).toEqual({ state: 'unknown' });
    expect((await alone.get('/v1/state')).body).not.toHaveProperty('owners');
  });

  it.each([
    ['a lower revision', () => ownersMessage(1)],
    ['the same revision with other content', () => ownersMessage(2)],
    ['an older epoch', () => ownersMessage(3, { leaseTransitions: 2 })],
  ])('refuses %s', async (_, stale) => {
    await api.put('/v1/owners', { ...ownersMessage(2), absent: [] });
    const answer = await api.put('/v1/owners', { ...stale(), absent: [gone(WEB)] });
    expect(errorOf(answer)).toBe('409 CW_ERR_STALE_REVISION');
    expect(running.owners.stateOf(WEB, performance.now())).toEqual({ state: 'unknown' });
  });

  it('refuses after a restart what was said before it, also when it was not refused then', async () => {
    const push = { ...ownersMessage(1), absent: [] };
    expect((await api.put('/v1/owners', push)).status).toBe(200);
    const restarted = await makeApi(running, sandbox, { instance: 'second-start' });
    expect(errorOf(await restarted.put('/v1/owners', push))).toBe('409 CW_ERR_STALE_FACTS');
  });

  it('takes the moment that the state has named', async () => {
    const { moment: asOf } = await api.get('/v1/state');
    expect((await api.put('/v1/owners', { ...message(1), asOf, absent: [] })).status).toBe(200);
  });

  it.each([undefined, '', 'first-start', 'first-start/-1', 'first-start/1.5', 5])(
    'refuses %j for a moment',
    async (asOf) => {
      const answer = await api.put('/v1/owners', { ...message(1), asOf, absent: [] });
      expect(errorOf(answer)).toBe('400 CW_ERR_REQUEST_INVALID');
      expect(answer.body.problems.map(({ path }: { path: string }) => path)).toEqual(['body.asOf']);
    },
  );

  it('refuses owner states of an epoch older than that of the policy', async () => {
    await api.put('/v1/policy', { ...message(1), policy: { rules: [] } });
    const answer = await api.put('/v1/owners', {
      ...ownersMessage(9, { leaseTransitions: 2 }),
      absent: [gone(WEB)],
    });
    expect(errorOf(answer)).toBe('409 CW_ERR_STALE_REVISION');
  });

  it.each<[string, unknown[], string]>([
    [
      'that was confirmed before it was gone',
      [{ ...gone(WEB), confirmedAt: '2025-12-31T23:59:59.999Z' }],
      'body.absent[0]',
    ],
    ['twice', [gone(WEB), gone(WEB)], 'body.absent'],
    ['with a slash in its name', [{ ...gone(WEB), pod: 'web/0' }], 'body.absent[0].pod'],
    ['with an unknown field', [{ ...gone(WEB), goneForMs: 1 }], 'body.absent[0].goneForMs'],
    ['without a container', [{ ...gone(WEB), container: undefined }], 'body.absent[0].container'],
  ])('refuses an owner %s', async (_, absent, path) => {
    const answer = await api.put('/v1/owners', { ...ownersMessage(1), absent });
    expect(errorOf(answer)).toBe('400 CW_ERR_REQUEST_INVALID');
    expect(answer.body.problems.map((problem: { path: string }) => problem.path)).toEqual([path]);
    expect(running.owners.revision).toBe(0);
  });
});

describe('the moment that owner states are as of', () => {
  const clock = manualClock();
  const absent = [{ ...gone(DB), confirmedAt: '2026-01-01T00:00:01.000Z' }];
  beforeEach(async () => {
    clock.advance(3_600_000);
    api = await makeApi(running, sandbox, { clock });
  });

  it('counts for how long they are acted on, however late they come', async () => {
    const monotonicMs = clock.monotonicMs();
    clock.advance(29_000);
    expect((await api.put('/v1/owners', { ...ownersMessage(1, { monotonicMs }), absent })).status).toBe(200);
    expect(running.owners.stateOf(DB, monotonicMs + 30_000)).toEqual({ state: 'absent', goneForMs: 1_000 });
    expect(running.owners.stateOf(DB, monotonicMs + 30_001)).toEqual({ state: 'unknown' });
  });

  it('is not another one under the same revision: that would be taken for a renewal', async () => {
    const monotonicMs = clock.monotonicMs();
    await api.put('/v1/owners', { ...ownersMessage(1, { monotonicMs }), absent });
    clock.advance(20_000);
    const renewed = { ...ownersMessage(1, { monotonicMs: clock.monotonicMs() }), absent };
    expect(errorOf(await api.put('/v1/owners', renewed))).toBe('409 CW_ERR_STALE_REVISION');
    expect(running.owners.stateOf(DB, monotonicMs + 30_001)).toEqual({ state: 'unknown' });
  });

  it.each<[string, () => object]>([
    ['older than 30 s', () => ({ monotonicMs: clock.monotonicMs() - 30_001 })],
    ['to come', () => ({ monotonicMs: clock.monotonicMs() + 1 })],
    ['of another start of the agent', () => ({ monotonicMs: clock.monotonicMs(), instance: 'start-before' })],
  ])('is refused when it is %s, and nothing changes, not even the order', async (_, moment) => {
    const answer = await api.put('/v1/owners', { ...ownersMessage(7, moment()), absent });
    expect(errorOf(answer)).toBe('409 CW_ERR_STALE_FACTS');
    expect(running.owners.revision).toBe(0);
    expect((await api.get('/v1/state')).body).not.toHaveProperty('owners');
    const earlier = { ...ownersMessage(6, { monotonicMs: clock.monotonicMs() }), absent: [] };
    expect((await api.put('/v1/owners', earlier)).status).toBe(200);
  });
});
