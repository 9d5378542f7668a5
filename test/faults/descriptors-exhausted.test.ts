import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeSandbox, type Sandbox, until } from '@checkpoint-warden/agent/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentProcess, startAgentProcess, useAgentProcesses } from './agent-process.ts';
import { replacePolicy } from './policy-text.ts';

const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
const at = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second));

const cannotLimit = findLimitProblem();
if (cannotLimit !== undefined) process.stderr.write(`exhausted descriptors are not tested: ${cannotLimit}\n`);

function findLimitProblem(): string | undefined {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

useAgentProcesses();
let sandbox: Sandbox;
beforeEach(() => {
  sandbox = makeSandbox();
});
afterEach(() => sandbox.remove());

/** @param soft - what the agent has open stays open; what is above cannot be opened */
function limitDescriptors({ pid }: AgentProcess, soft: number): void {
  execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${soft}:`]);
}

// The limit of a running process is set with prlimit(1), which not every machine has.
describe.skipIf(cannotLimit !== undefined)('an agent that can open no file any more', () => {
  it('deletes nothing on hints alone while it cannot list the directory, and says so once', async () => {
    const [oldest = ''] = [1, 2, 3].map((second) => sandbox.write(WEB, at(second)));
    const pin = join(sandbox.checkpointDir, `${oldest}.keep`);
    writeFileSync(pin, '');
    const policyFile = join(sandbox.checkpointDir, '..', 'policy.yaml');
    replacePolicy(policyFile, 'globalPolicy: {maxCheckpointsPerContainer: 2}');
    const { checkpointDir, stateDir } = sandbox;
    const agent = startAgentProcess({ checkpointDir, stateDir, policyFile });
    await agent.logged('first scan done');
    await agent.logged('listening');
    limitDescriptors(agent, 3);
    await agent.logged('checkpoint directory cannot be read');
    // An arrival that needs nothing opened: the archive is known. A hint tells of it, and only a scan may act on it.
    rmSync(pin);
    for (const endMs = performance.now() + 1_500; performance.now() < endMs; await setTimeout(20)) {
      expect(sandbox.list()).toContain(oldest);
    }
    limitDescriptors(agent, 1_024);
    await agent.logged('checkpoint directory can be read again');
    await until('the unpinned one is gone', () => !sandbox.list().includes(oldest));
    expect(agent.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { msg: 'checkpoint directory cannot be read', reason: expect.stringContaining('EMFILE') },
    ]);
  });
});
