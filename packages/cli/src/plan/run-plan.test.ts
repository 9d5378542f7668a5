import { chmodSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  type CliRig,
  CUT_OFF,
  GOES,
  makeCliRig,
  NOBODYS,
  PINNED,
  POLICY,
  type Run,
} from '../testing/cli-rig.ts';

let rig: CliRig;
beforeEach(() => {
  rig = makeCliRig();
});
afterEach(() => rig.remove());

function plan(
  flags: readonly string[] = [],
  { policy = rig.policyFile, ...surroundings }: { policy?: string } & Parameters<CliRig['run']>[1] = {},
): Promise<Run> {
  const argv = ['plan', '--checkpoint-dir', rig.checkpointDir, '--policy-file', policy, ...flags];
  return rig.run(argv, surroundings);
}

interface PlanDocument {
  verdicts: { archive: string; action: string; reason: string; rule: string | null; bytes: number }[];
  summary: {
    total: Record<'keep' | 'delete' | 'audit', { count: number; bytes: number }>;
    namespaces: PlanDocument['summary']['total'][];
    reasons: { count: number; bytes: number }[];
    warnings: string[];
  };
}

async function planJson(...args: Parameters<typeof plan>): Promise<PlanDocument> {
  const [flags = [], options] = args;
  return JSON.parse((await plan([...flags, '--output', 'json'], options)).stdout);
}

const AUDIT = `apiVersion: checkpoint-warden.dev/v1alpha1
kind: CheckpointRetentionPolicy
metadata: {name: trial}
spec:
  mode: Audit
  globalPolicy: {maxCheckpointsPerContainer: 1}
`;

describe('the table', () => {
  it.each(['table', 'wide'])('%s shows what goes and stays, and the sums', async (form) => {
    const { exitCode, stdout, stderr } = await plan(['--output', form]);
    await expect(stdout).toMatchFileSnapshot(`../../testdata/plan-${form}.golden.txt`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('says clearly that Audit mode deletes nothing', async () => {
    const { exitCode, stdout } = await plan(['--exit-code'], { policy: rig.file('audit.yaml', AUDIT) });
    await expect(stdout).toMatchFileSnapshot('../../testdata/plan-audit.golden.txt');
    expect(exitCode).toBe(0);
  });

  it('lists with --only what is asked for, and sums up all', async () => {
    const { stdout } = await plan(['--only', 'delete']);
    const [rows = '', ...sums] = stdout.split('\n\n');
    expect(rows.split('\n').filter((row) => row.startsWith('delete'))).toHaveLength(2);
    expect(rows).not.toMatch(/^keep/m);
    expect(sums).toEqual((await plan()).stdout.split('\n\n').slice(1));
  });

  it('shows with --only-namespace only those, and names the one that was probably meant', async () => {
    const { stdout } = await plan(['--only-namespace', 'shop', '--only-namespace', 'defualt']);
    expect(stdout).toContain('checkpoint-cart-0_shop');
    expect(stdout).not.toContain('checkpoint-web-0');
    expect(stdout).toContain('no archive is from namespace defualt; did you mean default?');
  });

  it('lists limits that pins and keepLast put out of reach', async () => {
    const policy = rig.file(
      'tight.yaml',
      AUDIT.replace('mode: Audit', 'mode: Enforce').replace(
        'maxCheckpointsPerContainer',
        'keepLast: 2, maxCheckpointsPerPod',
      ),
    );
    const { stdout } = await plan([], { policy });
    expect(stdout).toContain('LIMITS OUT OF REACH');
    expect(stdout).toContain('  maxCheckpoints of shop/cart-0 (trial/globalPolicy): 1 archive over\n');
    expect(stdout).toContain('over-count, but keep-last');
  });

  it('is coloured on a terminal only, and not with NO_COLOR', async () => {
    expect((await plan([], { terminal: true })).stdout).toContain('\u001b[31mdelete');
    expect((await plan([], { terminal: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
    expect((await plan()).stdout).not.toContain('\u001b');
  });
});

describe('the output for programs', () => {
  it('has a verdict of each archive with reason and rule, the rule null where there is none', async () => {
    const { verdicts } = await planJson();
    const of = (archive: string) => verdicts.find((verdict) => verdict.archive === archive);
    expect(of(GOES)).toMatchObject({
      action: 'delete',
      reason: 'over-count',
      rule: 'default/podPolicies[0]',
      bytes: 256_000,
      group: 'default/web-0',
    });
    expect(of(PINNED)).toMatchObject({ action: 'keep', reason: 'pinned' });
    expect(of(NOBODYS)).toMatchObject({ action: 'keep', reason: 'unattributed', rule: null, owner: null });
    expect(of(CUT_OFF)).toMatchObject({ action: 'keep', reason: 'incomplete', rule: null });
    expect(verdicts.some(({ archive }) => archive.startsWith('podman'))).toBe(false);
  });

  it('adds up: verdicts, total, namespaces and reasons', async () => {
    const { verdicts, summary } = await planJson();
    const sum = (amounts: readonly { count: number; bytes: number }[]) => ({
      count: amounts.reduce((all, { count }) => all + count, 0),
      bytes: amounts.reduce((all, { bytes }) => all + bytes, 0),
    });
    const all = sum(verdicts.map(({ bytes }) => ({ count: 1, bytes })));
    expect(sum(Object.values(summary.total))).toEqual(all);
    expect(sum(summary.namespaces.flatMap(({ keep, delete: gone, audit }) => [keep, gone, audit]))).toEqual(
      all,
    );
    expect(sum(summary.reasons)).toEqual(all);
    const going = verdicts
      .filter(({ action }) => action === 'delete')
      .map(({ bytes }) => ({ count: 1, bytes }));
    expect(summary.total.delete).toEqual(sum(going));
  });

  it('is the same in YAML', async () => {
    const { stdout } = await plan(['--output', 'yaml']);
    expect(parse(stdout)).toEqual(await planJson());
  });
});

describe('a dry run', () => {
  it('changes nothing', async () => {
    const before = rig.snapshot();
    for (const form of ['table', 'wide', 'json', 'yaml']) await plan(['--output', form]);
    expect(rig.snapshot()).toEqual(before);
  });

  it('works where nothing can be written', async () => {
    chmodSync(rig.checkpointDir, 0o500);
    expect((await plan()).exitCode).toBe(0);
  });

  it('takes a cut-off archive for one being written until its mtime is a quiet period old', async () => {
    const reasonWith = async (quietPeriod: string) => {
      const { verdicts } = await planJson(['--quiet-period', quietPeriod]);
      return verdicts.find(({ archive }) => archive === CUT_OFF)?.reason;
    };
    expect(await reasonWith('59m')).toBe('incomplete');
    expect(await reasonWith('61m')).toBe('writing');
  });

  it('lets a leftover go by its age, but never a file that cannot be judged', async () => {
    const encrypted = 'checkpoint-web-0_default-app-2026-11-19T10:00:00Z.tar';
    const path = join(rig.checkpointDir, encrypted);
    writeFileSync(path, 'somebody’s encrypted copy');
    utimesSync(path, 0, 0);
    const policy = rig.file('node.yaml', `${POLICY}  nodePolicy: {maxIncompleteAge: 30m}\n`);
    const { verdicts } = await planJson([], { policy });
    const reasonOf = (name: string) => verdicts.find(({ archive }) => archive === name)?.reason;
    expect(reasonOf(CUT_OFF)).toBe('abandoned');
    expect(reasonOf(encrypted)).toBe('unattributed');
  });

  it('takes the policy from standard input for -', async () => {
    const { stdout } = await plan([], { policy: '-', readStdin: async () => AUDIT });
    expect(stdout).toContain('trial/globalPolicy');
  });

  it('says which objects do not apply to a file, and that nothing goes then', async () => {
    const policy = rig.file('gpu.yaml', AUDIT.replace('mode: Audit', 'nodeSelector: {pool: gpu}'));
    const { stdout, stderr } = await plan([], { policy });
    expect(stderr).toContain('warning: trial/nodeSelector: trial has a nodeSelector and does not apply');
    expect(stdout).toContain('no policy object applies here: nothing is deleted');
  });
});

describe('exit codes', () => {
  it('is 3 with --exit-code when archives would go, 0 when none would', async () => {
    expect((await plan(['--exit-code'])).exitCode).toBe(3);
    expect((await plan(['--exit-code', '--only-namespace', 'team.a'])).exitCode).toBe(0);
  });

  it('is 2 for a directory that does not exist, with its name and what to do', async () => {
    const missing = join(rig.checkpointDir, 'no');
    const { exitCode, stderr } = await plan(['--checkpoint-dir', missing]);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      'error: --checkpoint-dir: TMP/checkpoints/no does not exist\n  name the directory that the container runtime writes checkpoints to\n',
    );
  });

  it('is 2 for a file in place of a directory', async () => {
    const { exitCode, stderr } = await plan(['--checkpoint-dir', rig.policyFile]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('TMP/policy.yaml is not a directory');
  });

  it('is 1 for a directory that cannot be read', async () => {
    const loop = join(rig.checkpointDir, 'loop');
    symlinkSync(loop, loop);
    const { exitCode, stderr } = await plan(['--checkpoint-dir', loop]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('TMP/checkpoints/loop cannot be read (ELOOP)');
  });

  it('is 2 for a policy with problems, and all are shown', async () => {
    const policy = rig.file('bad.yaml', AUDIT.replace('PerContainer: 1', 'PerContainr: 1, keepLast: -1'));
    const { exitCode, stdout, stderr } = await plan([], { policy });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^error: TMP\/bad.yaml has 2 problems\n/);
    expect(stderr).toContain('TMP/bad.yaml:6: spec.globalPolicy.maxCheckpointsPerContainr: unknown field');
  });

  it('is 2 for a policy file that does not exist', async () => {
    const { exitCode, stderr } = await plan([], { policy: '/no/policy.yaml' });
    expect(exitCode).toBe(2);
    expect(stderr).toBe('error: cannot read the policy file /no/policy.yaml: it does not exist\n');
  });
});
