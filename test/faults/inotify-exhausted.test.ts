import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { makeSandbox, type Sandbox, until } from '@checkpoint-warden/agent/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentProcess, startAgentProcess, useAgentProcesses } from './agent-process.ts';
import { replacePolicy } from './policy-text.ts';

const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
const at = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second));

/** Runs a command in a user namespace of its own, in which a limit of inotify is 0. Nobody else has less because of it. */
function without(limit: 'max_inotify_instances' | 'max_inotify_watches'): string[] {
  const script = `echo 0 > /proc/sys/user/${limit} && exec "$@"`;
  return ['unshare', '--user', '--map-root-user', 'sh', '-c', script, 'sh'];
}

const cannotUnshare = findUnshareProblem();
if (cannotUnshare !== undefined) process.stderr.write(`exhausted inotify is not tested: ${cannotUnshare}\n`);

function findUnshareProblem(): string | undefined {
  try {
    const [command = '', ...args] = without('max_inotify_instances');
    execFileSync(command, [...args, 'true'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  }
}

useAgentProcesses();
let sandbox: Sandbox;
beforeEach(() => {
  sandbox = makeSandbox();
});
afterEach(() => sandbox.remove());

function start(wrapper: readonly string[]): AgentProcess {
  const policyFile = join(sandbox.checkpointDir, '..', 'policy.yaml');
  replacePolicy(policyFile, 'globalPolicy: {maxCheckpointsPerContainer: 2}');
  const { checkpointDir, stateDir } = sandbox;
  return startAgentProcess({ checkpointDir, stateDir, policyFile, wrapper });
}

// A limit of its own on inotify takes a user namespace, which some machines forbid.
describe.skipIf(cannotUnshare !== undefined)('an agent that the kernel gives no watch', () => {
  it.each([
    ['no inotify instance is left', 'EMFILE', without('max_inotify_instances')],
    ['no watch is left', 'ENOSPC', without('max_inotify_watches')],
  ] as const)('works by its scans and says so once: %s (%s)', async (_name, code, wrapper) => {
    const agent = start(wrapper);
    await agent.logged('first scan done');
    for (let second = 1; second <= 4; second++) {
      sandbox.write(WEB, at(second));
      await until('two are left', () => sandbox.list().length === Math.min(second, 2));
    }
    const names = sandbox.list().map((name) => name.slice(-8));
    expect(names).toEqual(['03Z.tar', '04Z.tar'].map((end) => `:${end}`));
    expect(await agent.stop()).toBe(0);
    const warnings = agent.lines.filter(({ level }) => level !== 'info' && level !== 'debug');
    expect(warnings).toMatchObject([{ msg: 'directory watch lost, relying on scans', err: { code } }]);
    expect(agent.stray).toEqual([]);
  });

  it('takes a watch as soon as there is one', async () => {
    const agent = start(without('max_inotify_watches'));
    await agent.logged('directory watch lost, relying on scans');
    const script = 'echo 1000 > /proc/sys/user/max_inotify_watches';
    execFileSync('nsenter', ['--user', `--target=${agent.pid}`, 'sh', '-c', script]);
    await agent.logged('directory watch works again');
    for (const second of [1, 2, 3]) sandbox.write(WEB, at(second));
    await until('two are left', () => sandbox.list().length === 2);
  });
});
