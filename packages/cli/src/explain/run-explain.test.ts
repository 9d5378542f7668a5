import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliRig, CUT_OFF, GOES, makeCliRig, NOBODYS, PINNED } from '../testing/cli-rig.ts';

let rig: CliRig;
beforeEach(() => {
  rig = makeCliRig();
});
afterEach(() => rig.remove());

const STAYS = 'checkpoint-web-0_default-app-2026-11-23T13:11:16Z.tar';
const PROTECTED = 'checkpoint-cart-0_shop-app-2026-11-24T03:00:00Z.tar';

function explain(archive: string, ...flags: string[]) {
  const { checkpointDir, policyFile } = rig;
  return rig.run([
    'explain',
    archive,
    '--checkpoint-dir',
    checkpointDir,
    '--policy-file',
    policyFile,
    ...flags,
  ]);
}

describe('explain', () => {
  it.each([
    ['goes', GOES],
    ['stays', STAYS],
    ['newest', PROTECTED],
    ['pinned', PINNED],
    ['cut-off', CUT_OFF],
    ['nobodys', NOBODYS],
  ])('tells a person all about an archive that is %s', async (kind, archive) => {
    const { exitCode, stdout, stderr } = await explain(archive);
    await expect(stdout).toMatchFileSnapshot(`../../testdata/explain-${kind}.golden.txt`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('tells a program the same', async () => {
    const { stdout } = await explain(GOES, '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: { archive: GOES, action: 'delete', reason: 'over-count', rule: 'default/podPolicies[0]' },
      pinned: false,
      countsAs: '2026-11-21T10:00:00Z',
      governing: 'default/podPolicies[0]',
      lost: [{ rule: 'default/globalPolicy', why: 'a pod rule comes before a global rule' }],
      toChange: [`pin it: checkpoint-warden pin ${GOES}`, expect.any(String)],
    });
  });

  it('takes a path as well, whose directory then is the checkpoint directory', async () => {
    const byPath = await explain(join(rig.checkpointDir, GOES), '--checkpoint-dir', '/no');
    expect(byPath.stdout).toBe((await explain(GOES)).stdout);
  });

  it('changes nothing', async () => {
    const before = rig.snapshot();
    await explain(GOES);
    expect(rig.snapshot()).toEqual(before);
  });

  it('names the nearest archives when there is none of that name', async () => {
    const { exitCode, stdout, stderr } = await explain(GOES.replace('web-0', 'wbe-0'));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(`did you mean ${GOES}`);
  });

  it('names the archives that contain what was typed', async () => {
    const { stderr } = await explain('cart-0');
    expect(stderr.match(/checkpoint-cart-0_shop-app/g)).toHaveLength(3);
  });

  it('says of a foreign file that nothing ever touches it', async () => {
    const { exitCode, stderr } = await explain('podman-none.tar');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      'TMP/checkpoints/podman-none.tar is not an archive, so the agent never touches it',
    );
  });
});
