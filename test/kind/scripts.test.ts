import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority } from '@checkpoint-warden/kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../packages/tooling/versions.mjs';
import { ADMIN, issueUser } from '../cluster/credentials.ts';
import { readClusterAddress } from '../cluster/nodes/cluster-address.ts';
import { BUSYBOX_IMAGE } from '../image/busybox-image.ts';
import { WARDEN_IMAGE } from '../image/warden-image.ts';

// There need be no Docker here: the scripts run against stubs.sh. That a real kind does what they ask for shows in
// .github/workflows/e2e.yaml.

const WORKERS = ['checkpoint-warden-worker', 'checkpoint-warden-worker2'];

let folder: string;
const state = (name: string) => join(folder, 'state', name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-warden-kind-'));
  for (const name of ['stubs', 'state', 'checkout/packages/cli'])
    mkdirSync(join(folder, name), { recursive: true });
  cpSync(join(ROOT, 'kind'), join(folder, 'checkout/kind'), {
    recursive: true,
    filter: (path) => !/kind\/(address|checkpoints|kubeconfig)$/.test(path),
  });
  for (const tool of ['docker', 'kind', 'kubectl']) {
    symlinkSync(join(ROOT, 'test/kind/stubs.sh'), join(folder, 'stubs', tool));
  }
  symlinkSync(process.execPath, join(folder, 'stubs/node'));
});

afterEach(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runScript(name: string, ...args: string[]): Promise<Outcome> {
  const env = {
    PATH: `${join(folder, 'stubs')}:/usr/bin:/bin`,
    STUB_STATE: join(folder, 'state'),
    HOME: folder,
  };
  return new Promise((resolve) => {
    execFile(join(folder, 'checkout/kind', name), args, { env, cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** What the stubs were called with since the last time this was asked. */
function takeCalls(): string[] {
  const calls = existsSync(state('calls')) ? readFileSync(state('calls'), 'utf8').trimEnd().split('\n') : [];
  rmSync(state('calls'), { force: true });
  return calls;
}

describe('kind/up.sh', () => {
  it('makes registry and cluster, and prepares the workers', async () => {
    expect(await runScript('up.sh')).toMatchObject({ code: 0 });
    const calls = takeCalls();
    const kubeconfig = join(folder, 'checkout/kind/kubeconfig');
    expect(calls).toContain(
      `kind create cluster --config cluster.yaml --image checkpoint-warden-node --kubeconfig ${kubeconfig} --wait 3m`,
    );
    expect(calls).toContain('docker network connect kind checkpoint-warden-registry');
    const owned = calls.filter((call) => call.includes(' chown '));
    expect(owned).toEqual(
      WORKERS.map((worker) => `docker exec ${worker} chown root:root /var/lib/kubelet/checkpoints`),
    );
    expect(calls.indexOf('docker build --tag checkpoint-warden-node .')).toBeLessThan(
      calls.findIndex((call) => call.startsWith('kind create')),
    );
  });

  it('tells every node, and tools outside, where the registry is', async () => {
    await runScript('up.sh');
    expect(readFileSync(state('stdin'), 'utf8')).toBe(
      '[host."http://checkpoint-warden-registry:5000"]\n'.repeat(WORKERS.length + 1),
    );
    const { data } = parse(readFileSync(state('applied'), 'utf8'));
    expect(parse(data['localRegistryHosting.v1'])).toMatchObject({ host: 'localhost:5001' });
  });

  it('makes the folders that cluster.yaml mounts, so that Docker does not make them as root', async () => {
    await runScript('up.sh');
    const { nodes } = parse(readFileSync(join(ROOT, 'kind/cluster.yaml'), 'utf8'));
    const mounted: string[] = nodes.flatMap(
      ({ extraMounts = [] }: { extraMounts?: { hostPath: string }[] }) =>
        extraMounts.map(({ hostPath }) => hostPath),
    );
    expect(mounted).toEqual(WORKERS.map((worker) => `checkpoints/${worker}`));
    expect(mounted.filter((path) => !existsSync(join(folder, 'checkout/kind', path)))).toEqual([]);
  });

  it('leaves what is there', async () => {
    await runScript('up.sh');
    takeCalls();
    expect(await runScript('up.sh')).toMatchObject({ code: 0 });
    expect(takeCalls().filter((call) => /^(kind create|docker (run|rm|network))/.test(call))).toEqual([]);
  });

  it.each([
    ['without Docker', 'docker-is-down', '', 'Docker does not answer'],
    ['with a Docker that has no root', 'rootless', '', 'CRIU needs root'],
    ['with an older kind', 'kind-version', '0.32.0', 'kind is 0.32, and the node image needs 0.33 or later'],
  ])('makes nothing %s, and says why', async (_, name, content, message) => {
    writeFileSync(state(name), content);
    const { code, stderr } = await runScript('up.sh');
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(takeCalls().filter((call) => /^(kind create|docker (run|build))/.test(call))).toEqual([]);
  });

  it('says which tool is missing and where it is from', async () => {
    rmSync(join(folder, 'stubs/kind'));
    expect((await runScript('up.sh')).stderr).toContain(
      'no kind on PATH: install it (go install sigs.k8s.io/kind@v0.33.0',
    );
  });

  it('says so where CRIU does not work', async () => {
    writeFileSync(state('no-criu'), '');
    const { code, stderr } = await runScript('up.sh');
    expect(code).toBe(1);
    expect(stderr).toContain('`docker exec checkpoint-warden-worker2 criu check` says why');
  });
});

describe('kind/load.sh', () => {
  it('pushes the image and prints which it is', async () => {
    await runScript('up.sh');
    takeCalls();
    expect(await runScript('load.sh')).toMatchObject({
      code: 0,
      stdout: 'localhost:5001/checkpoint-warden@sha256:cafe\n',
    });
    expect(takeCalls()).toContain('docker push --quiet localhost:5001/checkpoint-warden:dev');
  });

  it('wants the registry first', async () => {
    expect(await runScript('load.sh')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run kind/up.sh first'),
    });
  });
});

describe('kind/for-tests.sh', () => {
  it('writes what the end-to-end tests read', async () => {
    await runScript('up.sh');
    const authority = await makeAuthority('kubernetes');
    writeFileSync(state('ca.crt'), authority.cert);
    writeFileSync(state('ca.key'), createPrivateKey(authority.key).export({ type: 'sec1', format: 'pem' }));

    const { code, stdout } = await runScript('for-tests.sh');
    expect(code).toBe(0);
    const address = join(folder, 'checkout/kind/address');
    expect(stdout).toBe(`export WARDEN_DEV_CLUSTER=${address}\n`);
    const credentials = join(address, 'credentials');
    expect(readClusterAddress(address)).toEqual({
      api: { url: 'https://127.0.0.1:6443', credentials, assets: join(folder, 'stubs') },
      network: 1,
      nodes: [
        { name: WORKERS[0], ip: '172.18.0.3', init: 4711, cable: 'lo' },
        { name: WORKERS[1], ip: '172.18.0.4', init: 4712, cable: 'lo' },
        { name: 'checkpoint-warden-control-plane', ip: '172.18.0.2', init: 4710, cable: 'lo' },
      ],
      daemons: join(address, 'daemons'),
    });
    expect(await issueUser(credentials, ADMIN)).toMatchObject({ ca: authority.cert });
  });

  it('gives each node one disk for its archives, however often it is run', async () => {
    await runScript('up.sh');
    await runScript('load.sh');
    const disks = async () => {
      await runScript('for-tests.sh');
      return takeCalls().filter((call) => call.includes(' mount -t tmpfs '));
    };
    const [first, second] = [await disks(), await disks()];
    expect(first.length).toBe(WORKERS.length + 1);
    expect(second).toEqual([]);
    expect(readFileSync(join(ROOT, 'test/cluster/nodes/node.sh'), 'utf8')).toContain(
      first[0]?.slice(first[0].indexOf('mount -t tmpfs')),
    );
  });

  it('gives the nodes the images that the end-to-end tests name', async () => {
    await runScript('up.sh');
    await runScript('for-tests.sh');
    const warden = `${WARDEN_IMAGE.repository}:${WARDEN_IMAGE.tag}`;
    expect(takeCalls()).toContain(
      `kind load docker-image --name checkpoint-warden ${warden} ${BUSYBOX_IMAGE}`,
    );
  });

  it('wants the cluster first', async () => {
    expect(await runScript('for-tests.sh')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run kind/up.sh first'),
    });
  });
});

describe('kind/down.sh', () => {
  it('removes cluster, registry, archives and kubeconfig', async () => {
    await runScript('up.sh');
    writeFileSync(join(folder, 'checkout/kind/kubeconfig'), '');
    expect(await runScript('down.sh')).toMatchObject({ code: 0 });
    const emptied = takeCalls().filter((call) => call.includes(' -delete'));
    expect(emptied).toEqual(
      WORKERS.map((worker) => `docker exec ${worker} find /var/lib/kubelet/checkpoints -mindepth 1 -delete`),
    );
    const left = [
      'state/cluster',
      'state/registry',
      'checkout/kind/checkpoints',
      'checkout/kind/kubeconfig',
      'checkout/kind/address',
    ];
    expect(left.filter((path) => existsSync(join(folder, path)))).toEqual([]);
  });

  it('looks for archives under the disks of the tests, and leaves the mounts from outside', async () => {
    for (const script of ['up.sh', 'load.sh', 'for-tests.sh']) await runScript(script);
    takeCalls();
    await runScript('down.sh');
    const undone = takeCalls().filter((call) => / (umount|find) /.test(call));
    expect(undone).toEqual(
      WORKERS.flatMap((worker) => [
        `docker exec ${worker} umount --lazy /var/lib/kubelet/checkpoints`,
        `docker exec ${worker} find /var/lib/kubelet/checkpoints -mindepth 1 -delete`,
      ]),
    );
  });

  it('does nothing where nothing is', async () => {
    expect(await runScript('down.sh')).toMatchObject({ code: 0 });
  });
});

it.each(['up.sh', 'load.sh', 'for-tests.sh', 'down.sh'])(
  'kind/%s explains itself and refuses what it does not know',
  async (name) => {
    const help = await runScript(name, '--help');
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining(`kind/${name}`), stderr: '' });
    expect(await runScript(name, '--now')).toMatchObject({ code: 1, stdout: '' });
    expect(takeCalls()).toEqual([]);
  },
);
