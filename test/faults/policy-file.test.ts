import {
  appendFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeSandbox, type Sandbox, until } from '@checkpoint-warden/agent/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentProcess, startAgentProcess, useAgentProcesses } from './agent-process.ts';
import { policyText, replacePolicy } from './policy-text.ts';

const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
const at = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second));
/** The agent looks at the file this often, and takes what has stood for one look. */
const POLL_MS = 500;
const UNUSABLE = 'policy file cannot be used, the last valid policy stays in force';

useAgentProcesses();
let sandbox: Sandbox;
let policyFile: string;
beforeEach(() => {
  sandbox = makeSandbox();
  policyFile = join(sandbox.checkpointDir, '..', 'policy.yaml');
  writeArchives();
});
afterEach(() => sandbox.remove());

/** Nine of one container. */
function writeArchives(): void {
  for (let second = 1; second <= 9; second++) sandbox.write(WEB, at(second));
}

const keep = (count: number) =>
  `applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: ${count}}`;

async function start(): Promise<AgentProcess> {
  const { checkpointDir, stateDir } = sandbox;
  const agent = startAgentProcess({ checkpointDir, stateDir, policyFile });
  await agent.logged('first scan done');
  return agent;
}

async function isInForce(count: number): Promise<void> {
  await until(`${count} archives are left`, () => sandbox.list().length === count);
}

describe('a policy file that changes under a running agent', () => {
  it('is taken up when it is edited in place, replaced, and replaced by an older file', async () => {
    replacePolicy(policyFile, keep(8));
    const older = `${policyFile}.older`;
    writeFileSync(older, policyText(keep(5)));
    await start();
    await isInForce(8);
    writeFileSync(policyFile, policyText(keep(7)));
    await isInForce(7);
    replacePolicy(policyFile, keep(6));
    await isInForce(6);
    renameSync(older, policyFile);
    await isInForce(5);
  });

  it('is taken up when the kubelet swaps the link above it, as for a ConfigMap', async () => {
    const mount = join(sandbox.checkpointDir, '..', 'config');
    const publish = (version: string, spec: string) => {
      mkdirSync(join(mount, version), { recursive: true });
      writeFileSync(join(mount, version, 'policy.yaml'), policyText(spec));
      symlinkSync(version, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    publish('..2024_01', keep(8));
    symlinkSync(join('..data', 'policy.yaml'), join(mount, 'policy.yaml'));
    policyFile = join(mount, 'policy.yaml');
    await start();
    await isInForce(8);
    publish('..2024_02', keep(7));
    rmSync(join(mount, '..2024_01'), { recursive: true });
    await isInForce(7);
  });

  it('is not taken up while it is being written, though what is there so far is a policy', async () => {
    // Without its last line it would leave a single archive. It takes several looks of the agent to write it all.
    const comments = Array.from({ length: 60 }, () => '# why one is enough\n');
    const pieces = [policyText(keep(1)), ...comments, '  mode: Audit\n'];
    /** Returns the longest time from one write to the next, the last one included. */
    const writeSlowly = async () => {
      truncateSync(policyFile);
      let longestPauseMs = 0;
      let lastMs = performance.now();
      for (const piece of pieces) {
        await setTimeout(25);
        appendFileSync(policyFile, piece);
        const nowMs = performance.now();
        longestPauseMs = Math.max(longestPauseMs, nowMs - lastMs);
        lastMs = nowMs;
      }
      return longestPauseMs;
    };
    replacePolicy(policyFile, keep(9));
    let agent = await start();
    // A writer that the machine keeps waiting for so long that a look may see no change proves nothing: the agent may be right
    // to have taken what is there, and to have deleted for it.
    while ((await writeSlowly()) >= POLL_MS / 2) {
      await agent.kill();
      writeArchives();
      replacePolicy(policyFile, keep(9));
      agent = await start();
    }
    await agent.logged('archive would be deleted', 8);
    expect(sandbox.list()).toHaveLength(9);
  });

  it('stays in force as it was last valid: every problem of an invalid edit is told, once', async () => {
    replacePolicy(policyFile, keep(8));
    const agent = await start();
    // Whole: a writer that is kept waiting between an empty file and its text would have made two invalid edits.
    replacePolicy(
      policyFile,
      'globalPolicy: {maxCheckpointsPerPod: -1, maxTotalSizePerPod: "10"}\nmod: Audit',
    );
    await agent.logged(UNUSABLE);
    sandbox.write(WEB, at(10));
    await until(
      'the last valid policy is enforced',
      () => !sandbox.list().some((name) => name.includes('00:02Z')),
    );
    expect(sandbox.list()).toHaveLength(8);
    replacePolicy(policyFile, keep(7));
    await agent.logged('policy file can be used again');
    await isInForce(7);
    const said = agent.lines.filter(({ level }) => level === 'error');
    expect(said).toMatchObject([{ msg: UNUSABLE }]);
    const problems = said[0]?.problems as readonly { readonly path: string }[] | undefined;
    const fields = problems?.map(({ path }) => path.split('.').pop()).sort();
    expect(fields).toEqual(['maxCheckpointsPerPod', 'maxTotalSizePerPod', 'mod']);
  });

  it('stays in force when it vanishes, and goes on when it comes back', async () => {
    replacePolicy(policyFile, keep(8));
    const agent = await start();
    renameSync(policyFile, `${policyFile}.away`);
    await agent.logged(UNUSABLE);
    sandbox.write(WEB, at(10));
    await until('it is enforced all the same', () => !sandbox.list().some((name) => name.includes('00:02Z')));
    expect(sandbox.list()).toHaveLength(8);
    renameSync(`${policyFile}.away`, policyFile);
    await agent.logged('policy file can be used again');
    replacePolicy(policyFile, keep(7));
    await isInForce(7);
    const said = agent.lines.filter(({ level }) => level === 'error');
    expect(said).toMatchObject([
      { msg: UNUSABLE, reason: `cannot read the policy file ${policyFile}: ENOENT` },
    ]);
  });

  it.each([
    ['is not there', undefined],
    ['is invalid', policyText('globalPolicy: {maxCheckpointsPerPod: -1}')],
  ])('ends the program with exit code 2 and nothing deleted when at the start it %s', async (_what, text) => {
    if (text !== undefined) writeFileSync(policyFile, text);
    const { checkpointDir, stateDir } = sandbox;
    const agent = startAgentProcess({ checkpointDir, stateDir, policyFile });
    expect(await agent.ended).toBe(2);
    expect(sandbox.list()).toHaveLength(9);
    expect(agent.stray.join('\n')).toContain(policyFile);
    expect(existsSync(stateDir)).toBe(false);
  });
});
