import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ruleHashAlone } from '@checkpoint-warden/api/testing/rule-hash-alone';
import { makeCertificates, mountTlsSecret, type TestCertificates } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agentSocketIn } from './agent-socket.ts';
import { killAgentProcesses, PROGRAM, startAgentProcess } from './testing/agent-process.ts';
import { makeSandbox, policyOf, type Sandbox, until } from './testing/agent-rig.ts';
import { message } from './testing/api-rig.ts';
import { agentCaller } from './testing/call-agent.ts';

const WEB = { runtime: 'containerd', namespace: 'shop', pod: 'web-0', container: 'app' } as const;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const POLICY = policyOf('podPolicies: [{namespace: shop, pod: web-*, maxCheckpoints: 3}]');
const [RULE = ''] = POLICY.rules.map((rule) => ruleHashAlone(rule));

let certificates: TestCertificates;
let sandbox: Sandbox;
let socket: string;

beforeAll(async () => {
  certificates = await makeCertificates();
});
beforeEach(() => {
  sandbox = makeSandbox();
  socket = agentSocketIn(sandbox.stateDir);
  mountTlsSecret(join(sandbox.stateDir, '..', 'tls'), certificates.authority.cert, certificates.agent);
});
afterEach(async () => {
  await killAgentProcesses();
  sandbox.remove();
});

const start = () =>
  startAgentProcess({
    'checkpoint-dir': sandbox.checkpointDir,
    'state-dir': sandbox.stateDir,
    'node-name': 'node-1',
    listen: '127.0.0.1:0',
    'tls-dir': join(sandbox.stateDir, '..', 'tls'),
    'metrics-listen': '127.0.0.1:0',
  });

/** Runs the program beside the agent, as somebody does in its pod. */
async function run(command: string, ...args: string[]) {
  const env = {
    CHECKPOINT_WARDEN_STATE_DIR: sandbox.stateDir,
    CHECKPOINT_WARDEN_CHECKPOINT_DIR: sandbox.checkpointDir,
  };
  const child = spawn(process.execPath, [PROGRAM, command, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode, stdout, stderr };
}

describe('the socket in the state directory', { timeout: 180_000 }, () => {
  it('tells whoever may ask what the running agent counts, archives on other nodes included', async () => {
    const names = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
    const [oldest = ''] = names;
    const agent = await start();
    const call = agentCaller(agent.api, certificates);
    await until('it is ready', async () => (await call('GET', '/v1/state')).body.ready);
    expect((await call('PUT', '/v1/policy', { ...message(5), policy: POLICY })).status).toBe(200);
    const { moment: asOf } = await call('GET', '/v1/state');
    const remote = { name: 'newer', pod: 'web-0', container: 'app', bytes: 1, mtimeMs: 0 };
    const archives = [{ ...remote, countsAsMs: at(9).getTime() }];
    const groups = [{ group: 'shop/web-0', rule: RULE, due: [], nodes: [{ node: 'node-2', archives }] }];
    const told = await call('PUT', '/v1/remote-archives', { ...message(1), asOf, olderMs: 0, groups });
    expect(told.status).toBe(200);

    const { exitCode, stdout, stderr } = await run('explain', oldest);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const withoutAge = stdout.replace(/, \S+ ago$/m, ', AGE ago');
    await expect(withoutAge).toMatchFileSnapshot('../../cli/testdata/explain-by-agent.golden.txt');
    const json = JSON.parse((await run('explain', oldest, '--output=json')).stdout);
    expect(json).toMatchObject({
      agent: { node: 'node-1', policy: { source: 'controller', epoch: message(5).epoch, revision: 5 } },
      verdict: { archive: oldest, action: 'keep', held: { by: 'no-arrival', reason: 'over-count' } },
      limits: [{ text: 'pod shop/web-0 may have 3; 3 are newer than this one (1 on node-2)' }],
      otherNodes: ['node-2'],
    });

    const plan = JSON.parse((await run('plan', '--output=json')).stdout);
    expect(plan.agent).toEqual(json.agent);
    expect(plan.summary.otherNodes).toEqual(['node-2']);
    expect(plan.verdicts.at(-1)).toEqual(json.verdict);
    expect(plan.verdicts).toHaveLength(3);
  });

  it('is in a directory that is its user’s alone, and gone after a stop', async () => {
    const agent = await start();
    expect(statSync(sandbox.stateDir).mode & 0o777).toBe(0o700);
    expect(lstatSync(socket).mode & 0o777).toBe(0o600);
    expect(await agent.stop()).toBe(0);
    expect(existsSync(socket)).toBe(false);
    const { exitCode, stderr } = await run('explain', 'checkpoint-x');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `error: no agent answers at ${socket}: it does not exist\n  give the --state-dir of the agent that runs on this node; or judge without an agent: --policy-file FILE\n`,
    });
  });

  it('is left behind by an agent that is killed, and replaced by the next', async () => {
    sandbox.write(WEB, at(1));
    await (await start()).kill();
    expect(lstatSync(socket).isSocket()).toBe(true);
    const { exitCode, stderr } = await run('plan');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`no agent answers at ${socket}: the agent that made it does not run`);
    await start();
    await until('it answers', async () => (await run('plan')).exitCode === 0);
  });

  it('is not taken away by a second agent, which may not have the state directory', async () => {
    const agent = await start();
    const { exitCode } = await run('agent', '--policy-file=/dev/null', '--metrics-listen=127.0.0.1:0');
    expect(exitCode).not.toBe(0);
    expect(lstatSync(socket).isSocket()).toBe(true);
    expect(await agent.stop()).toBe(0);
  });
});
