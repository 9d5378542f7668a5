import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliRig, makeCliRig } from './testing/cli-rig.ts';

let rig: CliRig;
beforeEach(() => {
  rig = makeCliRig();
});
afterEach(() => rig.remove());

describe('wrong use ends with exit code 2, says what is wrong and prints no result', () => {
  it.each([
    ['an unknown command', ['plna'], 'unknown command', 'Did you mean plan?'],
    ['an unknown flag', ['plan', '--polcy-file', 'x'], '--polcy-file', 'Did you mean --policy-file?'],
    ['a flag of another command', ['crd', '--output', 'json'], '--output', 'checkpoint-warden crd --help'],
    ['a missing argument', ['explain'], "missing required argument 'archive'", 'explain --help'],
    ['too many arguments', ['explain', 'a', 'b'], 'too many arguments', 'explain --help'],
    ['a value that is none of the choices', ['version', '--output', 'xml'], '"xml"', 'text, json'],
    ['a duration without a unit', ['plan', '--policy-file', 'x', '--quiet-period', '60'], '"60"', '60s'],
    [
      'a list with a hole',
      ['plan', '--policy-file', 'x', '--only-namespace', 'a,,b'],
      '"a,,b"',
      'single commas',
    ],
  ])('%s', async (_, argv, ...texts) => {
    const { exitCode, stdout, stderr } = await rig.run(argv);
    for (const text of texts) expect(stderr).toContain(text);
    expect(stderr).toMatch(/^error: /);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  it('no command at all shows the help on stderr', async () => {
    const { exitCode, stdout, stderr } = await rig.run([]);
    expect(stderr).toContain('Usage: checkpoint-warden [options] [command]');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('several wrong settings are all named at once', async () => {
    const env = { CHECKPOINT_WARDEN_ONLY: 'some', CHECKPOINT_WARDEN_POLCY_FILE: 'x' };
    const { exitCode, stderr } = await rig.run(['plan', '--exit-code'], { env });
    expect(exitCode).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "error: 2 settings are wrong
      CHECKPOINT_WARDEN_POLCY_FILE: there is no such setting
        did you mean CHECKPOINT_WARDEN_POLICY_FILE?
      CHECKPOINT_WARDEN_ONLY: "some" is none of the choices
        write one of all, delete, keep
      "
    `);
  });
});

describe('settings', () => {
  it('come from the environment as well, also of other commands', async () => {
    const env = {
      CHECKPOINT_WARDEN_CHECKPOINT_DIR: rig.checkpointDir,
      CHECKPOINT_WARDEN_POLICY_FILE: rig.policyFile,
      CHECKPOINT_WARDEN_EXIT_CODE: 'true',
      CHECKPOINT_WARDEN_OUTPUT: 'json',
      CHECKPOINT_WARDEN_STATE_DIR: '/state',
    };
    const { exitCode, stdout } = await rig.run(['plan'], { env });
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout).summary.total.delete.count).toBe(2);
  });

  it('on the command line win over the environment', async () => {
    const env = { CHECKPOINT_WARDEN_OUTPUT: 'json' };
    const { stdout } = await rig.run(['version', '--output', 'text'], { env });
    expect(stdout).toMatch(/^version {3}/);
  });
});

describe('help', () => {
  it.each([['--help'], ['help']])('%s lists the commands on stdout', async (...argv) => {
    const { exitCode, stdout, stderr } = await rig.run(argv);
    expect(stdout).toMatch(/\n {2}plan \[options\] +Show what would be deleted and kept/);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('is bold on a terminal and plain with NO_COLOR', async () => {
    const onTerminal = await rig.run(['plan', '--help'], { terminal: true });
    expect(onTerminal.stdout).toContain('\u001b[1m');
    const plain = await rig.run(['plan', '--help'], { terminal: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\u001b');
  });
});

describe('version', () => {
  it('prints what a bug report needs, as JSON if wanted', async () => {
    const { exitCode, stdout } = await rig.run(['version', '--output', 'json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      version: expect.any(String),
      commit: expect.any(String),
      node: process.version,
      platform: `${process.platform}/${process.arch}`,
    });
  });
});

describe('crd', () => {
  it('prints the definition', async () => {
    const { exitCode, stdout } = await rig.run(['crd']);
    expect(stdout).toContain('kind: CustomResourceDefinition');
    expect(exitCode).toBe(0);
  });
});

describe('agent', () => {
  it('refuses to start without a source of policy', async () => {
    const { exitCode, stderr } = await rig.run(['agent', '--checkpoint-dir', rig.checkpointDir]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('give --policy-file to run alone');
  });

  it('shows every problem of its policy file', async () => {
    const policyFile = rig.file('bad.yaml', 'kind: Pod\n');
    const stateDir = `${rig.checkpointDir}-state`;
    const { exitCode, stderr } = await rig.run([
      'agent',
      '--policy-file',
      policyFile,
      '--state-dir',
      stateDir,
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('TMP/bad.yaml:1: kind: this is a Pod');
  });
});
