import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliRig, makeCliRig, POLICY } from './testing/cli-rig.ts';

const MAIN = new URL('main.ts', import.meta.url).pathname;

let rig: CliRig;
beforeEach(() => {
  rig = makeCliRig();
});
afterEach(() => rig.remove());

describe('the program as a process', () => {
  it('prints what it has to say and ends with the exit code', async () => {
    const argv = [
      'plan',
      '--checkpoint-dir',
      rig.checkpointDir,
      '--policy-file',
      rig.policyFile,
      '--exit-code',
    ];
    const run = promisify(execFile)(process.execPath, [MAIN, ...argv], { env: {} });
    await expect(run).rejects.toMatchObject({
      code: 3,
      stdout: expect.stringContaining('This was a dry run: nothing has been changed.'),
      stderr: '',
    });
  });

  it('reads standard input', async () => {
    const program = spawn(process.execPath, [MAIN, 'validate', '-'], {
      env: {},
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    program.stdin.end('kind: Pod\n');
    const [code] = await once(program, 'close');
    expect(code).toBe(2);
  });

  it('ends quietly when nobody reads on, as with head', async () => {
    const argv = ['validate', rig.policyFile, rig.file('other.yaml', POLICY.replace('default', 'other'))];
    const program = spawn(process.execPath, [MAIN, ...argv], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
    program.stdout.destroy();
    const stderr = text(program.stderr);
    const [code] = await once(program, 'close');
    expect({ code, stderr: await stderr }).toEqual({ code: 0, stderr: '' });
  });
});
