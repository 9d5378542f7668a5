import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { agentSocketIn } from '@checkpoint-warden/agent';
import {
  killAgentProcesses,
  makeSandbox,
  type Sandbox,
  startAgentProcess,
  until,
} from '@checkpoint-warden/agent/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { memoryIo } from '../memory-io.ts';
import { runCli } from '../run-cli.ts';

const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
const OTHER = { namespace: 'data', pod: 'db-0', container: 'pg' };
const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

const POLICY = `apiVersion: checkpoint-warden.dev/v1alpha1
kind: CheckpointRetentionPolicy
metadata: {name: default}
spec:
  globalPolicy: {maxCheckpointsPerContainer: 2, maxCheckpointAge: 30d}
---
apiVersion: checkpoint-warden.dev/v1alpha1
kind: CheckpointRetentionPolicy
metadata: {name: trial}
spec:
  mode: Audit
  podPolicies: [{namespace: data, pod: db-*, maxCheckpointAge: 2d}]
`;

let sandbox: Sandbox;

async function run(command: string, args: readonly string[] = [], stateDir = sandbox.stateDir) {
  const io = memoryIo();
  const dirs = ['--checkpoint-dir', sandbox.checkpointDir, '--state-dir', stateDir];
  const exitCode = await runCli([command, ...args, ...dirs], io);
  return { exitCode, ...io.written };
}

describe('the agent that runs on the node, with a policy file', { timeout: 60_000 }, () => {
  let names: string[];
  let audited: string;

  beforeAll(async () => {
    sandbox = makeSandbox();
    names = [3, 2, 1].map((days) => sandbox.write(WEB, daysAgo(days)));
    audited = sandbox.write(OTHER, daysAgo(4));
    writeFileSync(join(sandbox.checkpointDir, `${names[0]}.keep`), 'incident 42');
    const policyFile = join(sandbox.checkpointDir, '..', 'policy.yaml');
    writeFileSync(policyFile, POLICY);
    await startAgentProcess({
      'checkpoint-dir': sandbox.checkpointDir,
      'state-dir': sandbox.stateDir,
      'policy-file': policyFile,
      'node-name': 'node-1',
      'metrics-listen': '127.0.0.1:0',
    });
    await until('it answers', async () => (await run('plan')).exitCode === 0);
  });
  afterAll(async () => {
    await killAgentProcesses();
    sandbox.remove();
  });

  it('explains an archive, and what its pin says', async () => {
    const { exitCode, stdout, stderr } = await run('explain', [names[0] ?? '']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(
      '  kept (pinned): pinned by a .keep file\n  verdict of the agent that runs on node-1, under its policy file, revision ',
    );
    expect(stdout).toMatch(/^ {2}pinned +incident 42$/m);
    expect(stdout).toMatch(/^ {2}default\/globalPolicy governs it$/m);
  });

  it('takes the path of an archive in its directory, and of no other', async () => {
    const { exitCode } = await run('explain', [join(sandbox.checkpointDir, names[0] ?? '')]);
    expect(exitCode).toBe(0);
    const elsewhere = await run('explain', [join('/elsewhere', names[0] ?? '')]);
    expect(elsewhere.exitCode).toBe(2);
    expect(elsewhere.stderr).toContain(`does not lie in ${sandbox.checkpointDir}`);
  });

  it('names the nearest archives when there is none of that name', async () => {
    const { exitCode, stderr } = await run('explain', ['db-0']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      `there is no archive db-0 in ${sandbox.checkpointDir}\n  did you mean ${audited}?`,
    );
  });

  it('shows its plan as a table, and whose it is', async () => {
    const { exitCode, stdout, stderr } = await run('plan', ['--output', 'wide', '--exit-code']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /^audit +\S+ \S+ +4d\S* +expired +trial\/podPolicies\[0\] +data +db-0 +pg .* complete /m,
    );
    expect(stdout).toMatch(/^keep .* pinned .* shop +web-0 +app /m);
    expect(stdout).toContain('This is the plan of the agent that runs on node-1, under its policy file');
    expect(stdout).toContain('note: count and size limits act only in groups with an arrival');
    expect(stdout).toContain('note: Audit mode');
    expect(stdout).not.toContain('dry run');
  });

  it('shows a part of its plan to a program', async () => {
    const { stdout } = await run('plan', ['--output', 'json', '--only-namespace', 'data']);
    expect(JSON.parse(stdout)).toMatchObject({
      agent: { node: 'node-1', policy: { source: 'file' } },
      verdicts: [{ archive: audited, state: 'complete', owner: OTHER, rule: 'trial/podPolicies[0]' }],
      summary: { total: { audit: { count: 1 }, keep: { count: 0 } }, otherNodes: [] },
    });
  });
});

describe('what answers in place of an agent', () => {
  let stop: () => Promise<unknown>;
  beforeEach(() => {
    sandbox = makeSandbox();
    stop = async () => {};
  });
  afterEach(async () => {
    await stop();
    sandbox.remove();
  });

  /** In the checkpoint directory, which is there already. */
  async function serve(listener: RequestListener): Promise<void> {
    const server = createServer(listener);
    await new Promise<void>((resolve) =>
      server.listen({ path: agentSocketIn(sandbox.checkpointDir) }, resolve),
    );
    stop = () => new Promise((resolve) => server.close(resolve));
  }

  it.each<[string, number, string, string]>([
    ['is not ready', 503, '{"code":"CW_ERR_NOT_READY","message":"not known yet"}', 'says: not known yet'],
    ['is of another version', 200, '{"node":7}', 'is not an agent of this version'],
    ['is no agent', 404, '<html>', 'is not an agent of this version: HTTP status 404'],
  ])('%s: exit code 1', async (_, status, body, said) => {
    await serve((_request, response) => response.writeHead(status).end(body));
    const { exitCode, stdout, stderr } = await run('plan', [], sandbox.checkpointDir);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(said);
    expect(stderr).toContain(agentSocketIn(sandbox.checkpointDir));
  });

  it('does not know an archive that has just arrived: exit code 2', async () => {
    const name = sandbox.write(WEB, daysAgo(0));
    const body = '{"code":"CW_ERR_ARCHIVE_NOT_FOUND","message":"there is none"}';
    await serve((_request, response) => response.writeHead(404).end(body));
    const { exitCode, stderr } = await run('explain', [name], sandbox.checkpointDir);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`the agent does not know ${name} yet`);
  });

  it('breaks off: exit code 1', async () => {
    await serve((request) => request.socket.destroy());
    const { exitCode, stderr } = await run('explain', ['x'], sandbox.checkpointDir);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no agent answers at');
    expect(stderr).toContain('--policy-file FILE');
  });

  it('is nothing, where there can be no socket: exit code 1', async () => {
    const { exitCode, stderr } = await run('plan', [], `/${'x'.repeat(200)}`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('it is too long');
  });
});
