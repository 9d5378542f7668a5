import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { PolicyInForceSchema } from '@checkpoint-warden/api';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controlFiles, openControlState } from '../policy/control-state.ts';
import {
  makeSandbox,
  policyOf,
  type RunningAgent,
  type Sandbox,
  startAgent,
  until,
} from '../testing/agent-rig.ts';
import { type ApiRig, errorOf, makeApi, message, schemaProblems } from '../testing/api-rig.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const KEEP_ONE = policyOf('{applyPoliciesImmediately: true, globalPolicy: {maxCheckpointsPerContainer: 1}}');
const KEEP_TWO = policyOf('{applyPoliciesImmediately: true, globalPolicy: {maxCheckpointsPerContainer: 2}}');

let sandbox: Sandbox;
let running: RunningAgent;
let api: ApiRig;

beforeEach(async () => {
  sandbox = makeSandbox();
  for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
  running = await startAgent(sandbox);
  api = await makeApi(running, sandbox);
});
afterEach(async () => {
  await running.stop();
  sandbox.remove();
});

const inForce = () => running.agent.status().policy;

describe('PUT /v1/policy', () => {
  it('puts a policy in force, which then deletes', async () => {
    const answer = await api.put('/v1/policy', { ...message(5), policy: KEEP_TWO });
    expect(answer.status).toBe(200);
    expect(schemaProblems(PolicyInForceSchema, answer)).toEqual([]);
    expect(answer.body).toMatchObject({ source: 'controller', revision: 5, epoch: message(5).epoch });
    await until('the oldest is gone', () => sandbox.list().length === 2);
  });

  it('refuses one for another node, whose address this may have been, and deletes nothing for it', async () => {
    const answer = await api.put('/v1/policy', { ...message(5), node: 'node-2', policy: KEEP_TWO });
    expect(errorOf(answer)).toBe('421 CW_ERR_AGENT_NODE');
    expect(answer.body.message).toBe('the message is for node-2, and this is the agent of node-1');
    expect(inForce().source).toBe('none');
    // Its order was not recorded either.
    expect((await api.put('/v1/policy', { ...message(1), policy: KEEP_TWO })).status).toBe(200);
  });

  it('has it on disk, where a restart finds it', async () => {
    await api.put('/v1/policy', { ...message(5), policy: KEEP_TWO });
    expect(openControlState(controlFiles(sandbox.stateDir, running.damage)).policy).toEqual(inForce());
  });

  it('changes nothing when the disk refuses it, and takes the same message once the disk does', async () => {
    const inTheWay = join(sandbox.stateDir, 'controller-policy.json');
    mkdirSync(inTheWay);
    const push = { ...message(5), policy: KEEP_TWO };
    expect(errorOf(await api.put('/v1/policy', push))).toBe('500 CW_ERR_STATE_UNWRITABLE');
    expect(inForce().source).toBe('none');
    rmdirSync(inTheWay);
    expect((await api.put('/v1/policy', push)).status).toBe(200);
    expect(inForce().revision).toBe(5);
  });

  it('answers a repetition without putting anything in force anew', async () => {
    await api.put('/v1/policy', { ...message(5), policy: KEEP_TWO });
    const before = inForce();
    expect((await api.put('/v1/policy', { ...message(5), policy: KEEP_TWO })).body).toMatchObject({
      revision: 5,
    });
    expect(inForce()).toBe(before);
  });

  it('tells by a metric when the policy was last given, also by a repetition', async () => {
    await running.stop();
    const clock = manualClock(Date.now());
    running = await startAgent(sandbox, { clock });
    api = await makeApi(running, sandbox);
    const lastSync = async () => {
      const metric = running.registry.getSingleMetric('checkpoint_warden_last_policy_sync_timestamp_seconds');
      return (await metric?.get())?.values[0]?.value;
    };
    const push = { ...message(5), policy: KEEP_TWO };
    await api.put('/v1/policy', push);
    expect(await lastSync()).toBe(clock.nowMs() / 1000);
    clock.advance(60_000);
    await api.put('/v1/policy', push);
    expect(await lastSync()).toBe(clock.nowMs() / 1000);
    clock.advance(60_000);
    await api.put('/v1/policy', { ...push, revision: 4 });
    expect(await lastSync()).toBe(clock.nowMs() / 1000 - 60);
  });

  it.each([
    ['a lower revision', message(4)],
    ['the same revision with other content', message(5)],
    [
      'an epoch with an older Lease',
      message(9, { leaseCreated: '2025-12-31T23:59:59.999Z', leaseTransitions: 9 }),
    ],
    ['an epoch with fewer transitions', message(9, { leaseTransitions: 2 })],
  ])('refuses %s, and keeps what is in force', async (_, stale) => {
    await api.put('/v1/policy', { ...message(5), policy: KEEP_TWO });
    const before = inForce();
    expect(errorOf(await api.put('/v1/policy', { ...stale, policy: KEEP_ONE }))).toBe(
      '409 CW_ERR_STALE_REVISION',
    );
    expect(inForce()).toBe(before);
    expect(openControlState(controlFiles(sandbox.stateDir, running.damage)).policy?.hash).toBe(before.hash);
  });

  it('takes a lower revision of a later epoch', async () => {
    await api.put('/v1/policy', { ...message(5), policy: KEEP_TWO });
    const next = { ...message(1, { leaseTransitions: 4 }), policy: { rules: [] } };
    expect((await api.put('/v1/policy', next)).status).toBe(200);
    expect(inForce().revision).toBe(1);
  });

  it('refuses any on an agent that has a policy file', async () => {
    const alone = await makeApi(running, sandbox, { policyFromFile: true });
    expect(errorOf(await alone.put('/v1/policy', { ...message(5), policy: KEEP_ONE }))).toBe(
      '409 CW_ERR_POLICY_FROM_FILE',
    );
    expect(inForce().source).toBe('none');
  });

  it('tells every problem of an invalid policy', async () => {
    const [rule] = KEEP_ONE.rules;
    const policy = {
      rules: [{ ...rule, keepLast: -1, mode: 'Try', groups: [{ level: 'pod', maxCount: 0 }] }],
      node: 1,
    };
    const answer = await api.put('/v1/policy', { ...message(5), policy });
    expect(errorOf(answer)).toBe('422 CW_ERR_POLICY_INVALID');
    expect(answer.body.problems.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining([
        'body.policy.rules[0].keepLast',
        'body.policy.rules[0].mode',
        'body.policy.rules[0].groups[0].maxCount',
        'body.policy.node',
      ]),
    );
    expect(inForce().source).toBe('none');
  });

  it('calls the message wrong, not the policy, when both are', async () => {
    const answer = await api.put('/v1/policy', { ...message(0), policy: { rules: 1 }, policyHash: '' });
    expect(errorOf(answer)).toBe('400 CW_ERR_REQUEST_INVALID');
    expect(answer.body.problems.map(({ path }: { path: string }) => path).sort()).toEqual([
      'body.policy.rules',
      'body.policyHash',
      'body.revision',
    ]);
  });

  it('does not take a field for the policy because its name begins like it', async () => {
    const answer = await api.put('/v1/policy', { ...message(5), policy: KEEP_ONE, 'policy-2': KEEP_TWO });
    expect(errorOf(answer)).toBe('400 CW_ERR_REQUEST_INVALID');
  });

  it.each<[string, object, string]>([
    ['an unknown field', { force: true }, 'body.force'],
    ['a revision as text', { revision: '5' }, 'body.revision'],
    ['a revision of 0', { revision: 0 }, 'body.revision'],
    ['a time without milliseconds', { sentAt: '2026-01-01T00:00:00Z' }, 'body.sentAt'],
    ['a day that does not exist', { sentAt: '2026-02-30T00:00:00.000Z' }, 'body.sentAt'],
    ['no epoch', { epoch: undefined }, 'body.epoch'],
  ])('refuses a message with %s', async (_, wrong, path) => {
    const answer = await api.put('/v1/policy', { ...message(5), policy: KEEP_ONE, ...wrong });
    expect(errorOf(answer)).toBe('400 CW_ERR_REQUEST_INVALID');
    expect(answer.body.problems.map((problem: { path: string }) => problem.path)).toContain(path);
    expect(inForce().source).toBe('none');
  });

  it('compares the clocks, and trusts its own no more when they differ by over five minutes', async () => {
    const sentAt = new Date(Date.now() - 6 * 60_000).toISOString();
    await api.put('/v1/policy', { ...message(5), sentAt, policy: { rules: [] } });
    expect(running.clockGuard.check()).toMatchObject({ trusted: false });
  });

  it('does not compare clocks with a message it refuses, which may be old', async () => {
    await api.put('/v1/policy', { ...message(5), policy: { rules: [] } });
    const sentAt = new Date(Date.now() - 6 * 60_000).toISOString();
    await api.put('/v1/policy', { ...message(4), sentAt, policy: { rules: [] } });
    expect(running.clockGuard.check()).toMatchObject({ trusted: true });
  });
});
