import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliRig, makeCliRig, POLICY } from '../testing/cli-rig.ts';

let rig: CliRig;
beforeEach(() => {
  rig = makeCliRig();
});
afterEach(() => rig.remove());

const OTHER = POLICY.replace('name: default', 'name: other').replace(
  'spec:',
  'spec:\n  nodeSelector: {pool: gpu}',
);
const WRONG = POLICY.replace('30d', '30x')
  .replace('retainOrphan', 'retainOrphn')
  .replace('keepLast: 1', 'keepLast: 9');

describe('validate', () => {
  it('shows what it has accepted', async () => {
    const { exitCode, stdout, stderr } = await rig.run(['validate', rig.policyFile]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "TMP/policy.yaml: valid, 1 object
        NAME     MODE     NODES      RULES
        default  Enforce  all nodes  3 rules: 1 global, 1 namespace, 1 pod
      "
    `);
  });

  it('takes the objects of all files together and warns of conflicts', async () => {
    const { exitCode, stdout, stderr } = await rig.run([
      'validate',
      rig.policyFile,
      rig.file('other.yaml', OTHER),
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('  other  Enforce  nodes with pool=gpu  3 rules');
    expect(stderr).toContain(
      'warning: TMP/other.yaml: other/spec.podPolicies[0] is not in force where default applies too',
    );
  });

  it('shows every problem of every file with line, path and remedy, and ends with 2', async () => {
    const wrong = rig.file('wrong.yaml', WRONG);
    const { exitCode, stdout, stderr } = await rig.run(['validate', wrong, '/no.yaml', rig.policyFile]);
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/^TMP\/policy.yaml: valid/);
    await expect(stderr).toMatchFileSnapshot('../../testdata/validate-wrong.golden.txt');
  });

  it('refuses two objects of one name, of which kubectl would leave only the last', async () => {
    const again = rig.file('again.yaml', POLICY);
    const { exitCode, stderr } = await rig.run(['validate', rig.policyFile, again]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('TMP/again.yaml: the object default is also in TMP/policy.yaml');
  });

  it('reads standard input for -', async () => {
    const { exitCode, stdout } = await rig.run(['validate', '-'], { readStdin: async () => POLICY });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^standard input: valid/);
  });
});
