import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CertificatePair,
  makeCertificates,
  mountTlsSecret,
  type TestCertificates,
} from '@checkpoint-warden/kit/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AgentProcess, killAgentProcesses, startAgentProcess } from './testing/agent-process.ts';
import { makeSandbox, policyOf, type Sandbox, until } from './testing/agent-rig.ts';
import { errorOf, message } from './testing/api-rig.ts';
import { type AgentCall, agentCaller } from './testing/call-agent.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const DB = { runtime: 'cri-o', namespace: 'data', pod: 'db-0', container: 'pg' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const KEEP_THREE = policyOf('globalPolicy: {maxCheckpointsPerContainer: 3}');
const KEEP_ONE = policyOf('{applyPoliciesImmediately: true, globalPolicy: {maxCheckpointsPerContainer: 1}}');

let certificates: TestCertificates;
let sandbox: Sandbox;
let tlsDir: string;

beforeAll(async () => {
  certificates = await makeCertificates();
});
beforeEach(() => {
  sandbox = makeSandbox();
  tlsDir = join(sandbox.stateDir, '..', 'tls');
  mountTlsSecret(tlsDir, certificates.authority.cert, certificates.agent);
});
afterEach(async () => {
  await killAgentProcesses();
  sandbox.remove();
});

/** Starts an agent that takes its policy from a controller. */
const start = () =>
  startAgentProcess({
    'checkpoint-dir': sandbox.checkpointDir,
    'state-dir': sandbox.stateDir,
    'node-name': 'node-1',
    listen: '127.0.0.1:0',
    'tls-dir': tlsDir,
    'metrics-listen': '127.0.0.1:0',
    'scan-interval': '1s',
  });

/** @param pair - who calls; the controller unless given */
const callerOf = (
  { api }: AgentProcess,
  authority: Pick<TestCertificates, 'authority' | 'controller'> = certificates,
  pair?: CertificatePair,
): AgentCall => agentCaller(api, authority, pair);

/** An agent that has been told to keep three archives of each container, and knows three of one. */
async function startWithPolicy(): Promise<{ agent: AgentProcess; call: AgentCall; names: string[] }> {
  const names = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
  const agent = await start();
  const call = callerOf(agent);
  await untilReady(agent);
  expect((await call('PUT', '/v1/policy', { ...message(5), policy: KEEP_THREE })).status).toBe(200);
  return { agent, call, names };
}

const plain = async ({ metrics }: AgentProcess, path: string): Promise<string> => {
  const answer = await fetch(`http://${metrics}${path}`);
  return `${answer.status} ${(await answer.text()).trim()}`;
};
const untilReady = (agent: AgentProcess) =>
  until('it is ready', async () => (await plain(agent, '/readyz')) === '200 ok');

describe('an agent that a controller tells its policy', { timeout: 180_000 }, () => {
  it('deletes what an arrival makes too many, and tells', async () => {
    const { call, names } = await startWithPolicy();
    const added = sandbox.write(WEB, at(4));
    await until('the oldest is gone', () => sandbox.list().length === 3);
    expect(sandbox.list()).toEqual([...names.slice(1), added]);
    await until('it is in the state', async () => (await call('GET', '/v1/state')).body.auditSeq === 2);
    expect((await call('GET', '/v1/deletions')).body.entries).toMatchObject([
      {
        seq: 1,
        kind: 'intent',
        node: 'node-1',
        archive: names[0],
        reason: 'over-count',
        rule: 'default/globalPolicy',
        policy: { source: 'controller', revision: 5 },
      },
      { seq: 2, kind: 'outcome', intent: 1, result: 'deleted' },
    ]);
  });

  it('goes on with it after a restart, without hearing from the controller', async () => {
    const { agent, names } = await startWithPolicy();
    expect(await agent.stop()).toBe(0);
    const added = sandbox.write(WEB, at(4));
    const restarted = await start();
    await until('the oldest is gone', () => sandbox.list().length === 3);
    expect(sandbox.list()).toEqual([...names.slice(1), added]);
    expect((await callerOf(restarted)('GET', '/v1/state')).body).toMatchObject({
      policy: { source: 'controller', epoch: message(5).epoch, revision: 5 },
    });
  });

  it('refuses an older word, also after a restart, and nothing changes', async () => {
    const { agent, names } = await startWithPolicy();
    const before = (await callerOf(agent)('GET', '/v1/state')).body.policy;
    const refusesOlderWords = async (call: AgentCall) => {
      for (const stale of [message(4), message(5), message(9, { leaseTransitions: 2 })]) {
        const answer = await call('PUT', '/v1/policy', { ...stale, policy: KEEP_ONE });
        expect(errorOf(answer)).toBe('409 CW_ERR_STALE_REVISION');
      }
      expect((await call('GET', '/v1/state')).body.policy).toEqual(before);
      expect((await call('GET', '/v1/plan')).body.summary.total).toMatchObject({ keep: { count: 3 } });
    };
    await refusesOlderWords(callerOf(agent));
    await agent.stop();
    const restarted = await start();
    await untilReady(restarted);
    await refusesOlderWords(callerOf(restarted));
    expect(sandbox.list()).toEqual(names);
  });

  it('deletes the archives of an owner that the controller says is gone, and no others', async () => {
    const kept = sandbox.write(WEB, at(1));
    sandbox.write(DB, at(2));
    const agent = await start();
    const call = callerOf(agent);
    await untilReady(agent);
    const policy = policyOf('{orphanGracePeriod: 1m, globalPolicy: {retainOrphan: false}}');
    await call('PUT', '/v1/policy', { ...message(1), policy });
    const { owners } = (await call('GET', '/v1/owners')).body;
    expect(owners.map(({ pod }: { pod: string }) => pod)).toEqual(['db-0', 'web-0']);
    const { namespace, pod, container } = DB;
    const times = { absentSince: '2026-01-01T00:00:00.000Z', confirmedAt: '2026-01-01T00:01:00.000Z' };
    const gone = [{ namespace, pod, container, ...times }];
    const { moment: asOf } = await call('GET', '/v1/state');
    expect((await call('PUT', '/v1/owners', { ...message(1), asOf, absent: gone })).status).toBe(200);
    await until('the orphan is gone', () => sandbox.list().length === 1);
    expect(sandbox.list()).toEqual([kept]);
  });

  it('obeys nobody else', async () => {
    const { agent, call, names } = await startWithPolicy();
    const push = { ...message(6), policy: KEEP_ONE };
    const { wrongName, wrongUsage, otherAuthority } = certificates.refused;
    expect(errorOf(await callerOf(agent, certificates, wrongName)('PUT', '/v1/policy', push))).toBe(
      '403 CW_ERR_FORBIDDEN',
    );
    for (const pair of [wrongUsage, otherAuthority, certificates.agent]) {
      await expect(callerOf(agent, certificates, pair)('PUT', '/v1/policy', push)).rejects.toMatchObject({
        code: 'CW_ERR_UNREACHABLE',
      });
    }
    expect((await call('GET', '/v1/state')).body.policy.revision).toBe(5);
    expect(sandbox.list()).toEqual(names);
  });

  it('takes new certificates from the directory while it runs, and then knows the old ones no more', async () => {
    const { agent, call } = await startWithPolicy();
    const next = await makeCertificates();
    mountTlsSecret(tlsDir, next.authority.cert, next.agent);
    const callWithNext = callerOf(agent, next);
    await until('the new certificates are in use', async () => {
      const answer = await callWithNext('GET', '/v1/state').catch(() => undefined);
      return answer?.status === 200;
    });
    await expect(call('GET', '/v1/state')).rejects.toMatchObject({ code: 'CW_ERR_UNREACHABLE' });
  });
});

describe('the plain port', { timeout: 180_000 }, () => {
  it('says that the agent is well and why it is not ready while the directory is missing', async () => {
    rmdirSync(sandbox.checkpointDir);
    const agent = await start();
    await until('it has looked', async () =>
      (await plain(agent, '/readyz')).includes('the checkpoint directory cannot be read: ENOENT'),
    );
    expect(await plain(agent, '/readyz')).toMatch(/^503 /);
    expect(await plain(agent, '/healthz')).toBe('200 ok');
    expect(errorOf(await callerOf(agent)('GET', '/v1/archives'))).toBe('503 CW_ERR_NOT_READY');
    mkdirSync(sandbox.checkpointDir);
    await untilReady(agent);
    expect((await callerOf(agent)('GET', '/v1/archives')).body.archives).toEqual([]);
  });

  it('gives the metrics, and nothing of the API', async () => {
    const { agent } = await startWithPolicy();
    const metrics = await plain(agent, '/metrics');
    expect(metrics).toContain('checkpoint_warden_archives{state="complete"} 3');
    expect(metrics).toMatch(/^checkpoint_warden_policy_revision_info\{source="controller",hash="\w+"\} 5$/m);
    expect(metrics).toMatch(/^checkpoint_warden_certificate_expiry_timestamp_seconds \d/m);
    expect(await plain(agent, '/v1/state')).toMatch(/^404 /);
  });
});
