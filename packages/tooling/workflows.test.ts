import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './versions.mjs';

// What can be told of workflows and scripts from their text. .github/lint.sh has the linters made for them.

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const workflows = globSync('.github/workflows/*.yaml', { cwd: ROOT })
  .sort()
  .map((path) => ({ path, text: read(path), workflow: parse(read(path), { strict: true }) as Workflow }));

const release = workflows.find(({ path }) => path.endsWith('/release.yaml'));

const steps = workflows.flatMap(({ path, workflow }) =>
  Object.values(workflow.jobs).flatMap((job) => job.steps.map((step) => ({ path, step }))),
);

const commands = steps.flatMap(({ path, step }) => (step.run === undefined ? [] : [{ path, run: step.run }]));

describe('the workflows', () => {
  it('are the ones that the documentation names', () => {
    expect(workflows.map(({ path }) => path.replace('.github/workflows/', ''))).toEqual([
      'ci.yaml',
      'e2e.yaml',
      'release.yaml',
      'version.yaml',
    ]);
  });

  it.each(workflows)(
    '$path: reads by default, ends in time, and does not run against itself',
    ({ workflow }) => {
      expect([{}, { contents: 'read' }]).toContainEqual(workflow.permissions);
      expect(workflow.concurrency).toBeDefined();
      expect(Object.values(workflow.jobs).filter((job) => job['timeout-minutes'] === undefined)).toEqual([]);
    },
  );

  it.each(workflows)('$path: pins actions to a commit, with their version beside it', ({ text }) => {
    const uses = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  it('use one version of each action', () => {
    const versions = Map.groupBy(
      new Set(steps.flatMap(({ step }) => step.uses ?? [])),
      (uses) => uses.split('@')[0],
    );
    expect([...versions.values()].filter((list) => list.length > 1)).toEqual([]);
  });

  it('leave no credentials in a checkout', () => {
    const kept = steps.filter(
      ({ step }) =>
        step.uses?.startsWith('actions/checkout@') && step.with?.['persist-credentials'] !== false,
    );
    expect(kept).toEqual([]);
  });

  it('give values to scripts in the environment only: an expression would become part of the script', () => {
    expect(commands.filter(({ run }) => run.includes('${{'))).toEqual([]);
  });

  it('call npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const called = commands.flatMap(({ run }) =>
      [...run.matchAll(/\bnpm (?:run )?([a-z0-9:]+)/g)].map(([, name]) => name),
    );
    const changesets = steps.map(({ step }) => /^npm run (\S+)$/.exec(String(step.with?.version))?.[1]);
    const names = [...called, ...changesets.filter((name) => name !== undefined)];
    expect(names).toContain('release:version');
    expect(names.filter((name) => name === undefined || !(name in scripts))).toEqual([]);
  });

  it('name files that exist', () => {
    const named = commands.flatMap(
      ({ run }) => run.match(/(?<![\w./-])(?:\.github|charts|kind|packages)\/[\w./-]+/g) ?? [],
    );
    expect(named).toContain('kind/up.sh');
    const madeByThem = ['packages/cli/dist'];
    expect(named.filter((path) => !madeByThem.includes(path) && !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe('a release', () => {
  it('publishes the image that the chart installs, and the chart of that name', () => {
    const { repository } = parse(read('charts/checkpoint-warden/values.yaml')).image;
    expect(release?.workflow.env?.IMAGE).toBe(repository);
    const { name } = parse(read('charts/checkpoint-warden/Chart.yaml'));
    expect(release?.text).toContain(`"$CHARTS/${name}@$DIGEST"`);
    expect(release?.text).toContain(`charts/${name} `);
  });

  it.each(['README.md', 'docs/how-to/release.md', 'charts/checkpoint-warden/README.md'])(
    '%s knows images and charts only where they are published',
    (path) => {
      if (!existsSync(join(ROOT, path))) return;
      const { IMAGE = '', CHARTS = '' } = release?.workflow.env ?? {};
      const names = read(path).match(/ghcr\.io\/[\w./-]*\w/g) ?? [];
      expect(names.filter((name) => ![IMAGE, CHARTS, `${CHARTS}/checkpoint-warden`].includes(name))).toEqual(
        [],
      );
    },
  );

  it('is only made by jobs that a person may have to approve', () => {
    const jobs = Object.values(release?.workflow.jobs ?? {});
    const writing = jobs.filter((job) => Object.values(job.permissions ?? {}).includes('write'));
    expect(writing.length).toBe(3);
    expect(writing.filter((job) => !('environment' in job))).toEqual([]);
  });
});

describe('the versions that kind and the test cluster share', () => {
  const image = /^FROM kindest\/node:v(\d+\.\d+)\.\d+@sha256:[0-9a-f]{64}$/m.exec(read('kind/Dockerfile'));

  it('are of one Kubernetes', () => {
    const [, tested] = /^\s*k8s\.io\/kubernetes v(\d+\.\d+)/m.exec(read('test/cluster/go.mod')) ?? [];
    expect(image?.[1]).toBe(tested);
  });

  it('are of one kind', () => {
    const [, least] = /^KIND_AT_LEAST=(\d+\.\d+) /m.exec(read('kind/common.sh')) ?? [];
    expect(least).toBeDefined();
    expect(read('.github/workflows/e2e.yaml')).toContain(`sigs.k8s.io/kind@v${least}.`);
    expect(read('kind/Dockerfile')).toContain(`/kind/releases/tag/v${least}.`);
    expect(read('kind/up.sh')).toContain(`kind ${least} or later`);
  });
});

describe('shell scripts', () => {
  const tracked = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.sh', '.ci/run'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  const scripts = tracked
    .trim()
    .split('\n')
    .filter((path) => existsSync(join(ROOT, path)));

  it('are found', () => {
    expect(scripts).toContain('kind/up.sh');
  });

  it.each(scripts)('%s is Bash, or what it says it is', (path) => {
    const shell = read(path).startsWith('#!/bin/sh') ? 'sh' : 'bash';
    expect(() => execFileSync(shell, ['-n', join(ROOT, path)], { stdio: 'pipe' })).not.toThrow();
  });

  it.each(scripts.filter((path) => !path.startsWith('test/') && read(path).startsWith('#!')))(
    '%s can be run',
    (path) => {
      expect(() => accessSync(join(ROOT, path), constants.X_OK)).not.toThrow();
    },
  );
});
