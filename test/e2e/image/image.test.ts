import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { programEntries, readWardenStage, WARDEN_IMAGE } from '../../image/warden-image.ts';
import { openTestCluster } from '../harness/test-cluster.ts';

const cluster = await openTestCluster(inject('cluster'));
const [node = cluster.node('node1')] = cluster.nodes;
const stage = await readWardenStage();
const NAME = `${WARDEN_IMAGE.repository}:${WARDEN_IMAGE.tag}`;
const MOUNTED = '/tmp/image';

function ctr(...args: string[]): string {
  return node.run('ctr', '--namespace', 'k8s.io', ...args);
}

beforeAll(() => {
  node.run('mkdir', MOUNTED);
  ctr('images', 'mount', NAME, MOUNTED);
});
afterAll(() => {
  ctr('images', 'unmount', '--rm', MOUNTED);
  node.run('rmdir', MOUNTED);
  cluster.close();
});

it('holds what the Dockerfile copies, byte for byte, and no other file beside the base', () => {
  const sum = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
  const copied = programEntries(stage).filter((entry) => entry.type === 'copy');
  for (const { path, from } of copied) expect(sum(node.path(join(MOUNTED, path))), path).toBe(sum(from));
  const files = node.run('find', MOUNTED, '-type', 'f', '-printf', '%P\n').trimEnd().split('\n');
  const base = /^(nodejs\/bin\/node|usr\/lib(64)?\/.*\.so\.\d+|etc\/passwd)$/;
  expect(files.filter((file) => !base.test(file)).sort()).toEqual(copied.map(({ path }) => path).sort());
});

it('is run as the Dockerfile says', () => {
  const manifest = JSON.parse(ctr('content', 'get', digestOfImage()));
  const { config } = JSON.parse(ctr('content', 'get', manifest.config.digest));
  expect(config).toMatchObject({
    ...stage.config,
    Env: expect.arrayContaining([...(stage.config.Env ?? [])]),
  });
});

function digestOfImage(): string {
  const [, line = ''] = ctr('images', 'list', `name==${NAME}`).trimEnd().split('\n');
  return /sha256:[0-9a-f]{64}/.exec(line)?.[0] ?? '';
}

it('runs the program, as nobody in particular and without a place to write', async () => {
  const container = { name: 'version', image: NAME, imagePullPolicy: 'Never', args: ['version'] };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'version' },
    spec: {
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true },
      containers: [{ ...container, securityContext: { readOnlyRootFilesystem: true } }],
    },
  };
  onTestFinished(async () => {
    await cluster.kubectl(['delete', 'pod', 'version', '--now']);
  });
  await cluster.kubectl(['apply', '--filename=-'], JSON.stringify(pod));
  await cluster.kubectl([
    'wait',
    'pod/version',
    '--for=jsonpath={.status.phase}=Succeeded',
    '--timeout=120s',
  ]);
  expect(await cluster.kubectl(['logs', 'version'])).toMatch(/^node +v24\./m);
});
