import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { archiveFileName } from '@checkpoint-warden/agent/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliRig, GOES, makeCliRig, PINNED } from '../testing/cli-rig.ts';

let rig: CliRig;
beforeEach(() => {
  rig = makeCliRig();
});
afterEach(() => rig.remove());

const run = (command: 'pin' | 'unpin', ...argv: string[]) =>
  rig.run([command, '--checkpoint-dir', rig.checkpointDir, ...argv]);
const pathOf = (name: string): string => join(rig.checkpointDir, name);

describe('pin', () => {
  it('makes a .keep file that says why, and does not touch the archive', async () => {
    const before = rig.snapshot();
    const { exitCode, stdout } = await run('pin', GOES, '--reason', 'incident 7');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `TMP/checkpoints/${GOES}: pinned\n` });
    expect(readFileSync(pathOf(`${GOES}.keep`), 'utf8')).toBe('incident 7\n');
    expect(rig.snapshot().filter((line) => !line.startsWith(`${GOES}.keep`))).toEqual(before);
  });

  it('takes the archive out of the plan', async () => {
    await run('pin', GOES);
    const { checkpointDir, policyFile } = rig;
    const { stdout } = await rig.run([
      'plan',
      '--checkpoint-dir',
      checkpointDir,
      '--policy-file',
      policyFile,
    ]);
    expect(stdout).toMatch(new RegExp(`keep .* pinned .* ${GOES}`));
  });

  it('leaves a pin that is there as it is, and says so', async () => {
    const before = rig.snapshot();
    const { exitCode, stdout } = await run('pin', PINNED, '--reason', 'another');
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      `TMP/checkpoints/${PINNED}: already pinned (incident 42); the pin stays as it is, without the new reason\n`,
    );
    expect(rig.snapshot()).toEqual(before);
  });

  it('does not write through a link in place of the pin', async () => {
    const victim = rig.file('victim', 'precious');
    symlinkSync(victim, pathOf(`${GOES}.keep`));
    const { stdout } = await run('pin', GOES, '--reason', 'x');
    expect(stdout).toContain('already pinned');
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });

  it('refuses what is no archive, names the nearest, and goes on with the rest', async () => {
    mkdirSync(pathOf('checkpoint-dir-0_shop-app-2026-11-24T01:00:00Z.tar'));
    const wrong = [
      'podman-none.tar',
      'checkpoint-dir-0_shop-app-2026-11-24T01:00:00Z.tar',
      GOES.replace('0', '7'),
    ];
    const { exitCode, stdout, stderr } = await run('pin', ...wrong, GOES);
    expect(exitCode).toBe(2);
    expect(stderr.match(/^error: /gm)).toHaveLength(3);
    expect(stderr).toContain(`did you mean ${GOES}`);
    expect(stdout).toBe(`TMP/checkpoints/${GOES}: pinned\n`);
    for (const name of wrong) expect(existsSync(pathOf(`${name}.keep`))).toBe(false);
  });

  it('ends with 1 where the pin cannot be made, and says why', async () => {
    const spec = { namespace: 'ns', pod: 'p'.repeat(210), container: 'app' };
    const name = archiveFileName(spec, '2026-11-24T01:00:00Z'); // fits into 255 bytes, with .keep it does not
    writeFileSync(pathOf(name), '');
    const { exitCode, stderr } = await run('pin', name);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('cannot be pinned (ENAMETOOLONG)\n  its name leaves no room for .keep');
  });
});

describe('unpin', () => {
  it('removes the .keep file', async () => {
    const { exitCode, stdout } = await run('unpin', PINNED);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `TMP/checkpoints/${PINNED}: no longer pinned\n`,
    });
    expect(existsSync(pathOf(`${PINNED}.keep`))).toBe(false);
    expect(lstatSync(pathOf(PINNED)).size).toBe(256_000);
  });

  it('says so where there is no pin', async () => {
    const { exitCode, stdout } = await run('unpin', GOES);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `TMP/checkpoints/${GOES}: was not pinned\n`,
    });
  });

  it('removes the pin of an archive that is gone', async () => {
    unlinkSync(pathOf(PINNED));
    expect((await run('unpin', PINNED)).exitCode).toBe(0);
    expect(existsSync(pathOf(`${PINNED}.keep`))).toBe(false);
  });

  it('never removes what belongs to no archive', async () => {
    writeFileSync(pathOf('notes.keep'), '');
    const { exitCode } = await run('unpin', 'notes');
    expect(exitCode).toBe(2);
    expect(existsSync(pathOf('notes.keep'))).toBe(true);
  });
});
