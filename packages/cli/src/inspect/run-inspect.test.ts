import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { FIXTURE_DIR, FIXTURES } from '@checkpoint-warden/agent/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliRig, CUT_OFF, GOES, makeCliRig, NOBODYS, PINNED } from '../testing/cli-rig.ts';

let rig: CliRig;
beforeEach(() => {
  rig = makeCliRig();
});
afterEach(() => rig.remove());

function inspect(...argv: string[]) {
  return rig.run(['inspect', '--checkpoint-dir', rig.checkpointDir, ...argv]);
}

describe('inspect', () => {
  it('tells a person what each archive shows', async () => {
    const { exitCode, stdout, stderr } = await inspect(GOES, PINNED, CUT_OFF, NOBODYS, 'podman-none.tar');
    await expect(stdout).toMatchFileSnapshot('../../testdata/inspect.golden.txt');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('tells a program the same', async () => {
    const { stdout } = await inspect('--output', 'json', GOES);
    expect(JSON.parse(stdout)).toEqual({
      archives: [
        {
          path: join(rig.checkpointDir, GOES).replace(rig.checkpointDir, 'TMP/checkpoints'),
          archiveName: true,
          structure: 'complete',
          why: 'config.dump and spec.dump agree with the file name',
          owner: { namespace: 'default', pod: 'web-0', container: 'app', podUid: expect.any(String) },
          time: '2026-11-21T10:00:00Z',
          modified: '2026-11-24T11:00:00Z',
          bytes: 256_000,
          bytesRead: expect.any(Number),
          trailingBytes: 0,
          pinned: false,
        },
      ],
    });
  });

  it.each(['podman', 'podmanGzip', 'podmanZstd'] as const)('reads %s archives by path', async (fixture) => {
    const { exitCode, stdout } = await inspect(join(FIXTURE_DIR, FIXTURES[fixture]));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/structure +complete/);
    expect(stdout).toContain('never touches it');
  });

  it('reports what cannot be read and goes on with the rest', async () => {
    mkdirSync(join(rig.checkpointDir, 'dir.tar'));
    symlinkSync(GOES, join(rig.checkpointDir, 'link.tar'));
    const { exitCode, stdout, stderr } = await inspect('dir.tar', 'link.tar', GOES);
    expect(exitCode).toBe(1);
    expect(stderr.match(/is not a regular file: links are not followed/g)).toHaveLength(2);
    expect(stdout).toContain(GOES);
  });

  it('ends with 2 for a file that does not exist', async () => {
    const { exitCode, stderr } = await inspect('nothing.tar', GOES);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('there is no archive nothing.tar in TMP/checkpoints');
  });
});
