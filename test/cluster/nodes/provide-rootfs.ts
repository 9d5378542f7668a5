import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run, ToolchainError } from '../../../packages/tooling/run.mjs';
import { cacheDir } from '../../../packages/tooling/versions.mjs';

/** The first Debian with a containerd (2.1) and a CRIU (4.2) that checkpoint what a kubelet asks for. */
const SUITE = 'forky';

/** debootstrap has one script for all suites since Debian 4; that of a suite younger than itself is missing there. */
const SCRIPT = 'sid';

const MIRROR = 'http://deb.debian.org/debian';

/** What a node has besides Kubernetes' own programs. */
const PACKAGES = [
  'busybox-static', // all there is in the image of the workloads
  'containerd',
  'containernetworking-plugins',
  'criu',
  'iproute2',
  'iptables', // CRIU locks the network with it while it dumps
  'kmod',
  'nftables', // kube-proxy's
  'procps',
  'runc',
  'tini', // PID 1 of a node
];

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A folder with the root filesystem of a node, Debian by debootstrap, in the cache. It is made beside its place and renamed
 * into it, so a run that is interrupted, or a second one at the same time, never sees half of one. Nodes lay their own files
 * over it and never write into it.
 *
 * @throws ToolchainError when it cannot be had, with what to do about that
 */
export async function provideRootfs(env: Environment): Promise<string> {
  const folder = join(cacheDir(env), 'rootfs', `${SUITE}-${process.arch}-${digest()}`);
  if (!existsSync(folder)) await build(folder, env);
  return folder;
}

/** Another list of packages is another folder. */
function digest(): string {
  return createHash('sha256')
    .update([SUITE, ...PACKAGES].join())
    .digest('hex')
    .slice(0, 12);
}

async function build(folder: string, env: Environment): Promise<void> {
  await requireDebootstrap(env);
  console.error(
    `cluster: installing the root filesystem of the nodes, Debian ${SUITE} with ${PACKAGES.join(', ')}, into ${folder}\n` +
      'cluster: for once: about 40 s and 600 MB, later runs find it there',
  );
  const startedAt = Date.now();
  const staging = await makeStaging(dirname(folder));
  const rootfs = join(staging, 'rootfs');
  try {
    await debootstrap(rootfs, env);
    // Another run was faster; what it has installed is the same.
    await rename(rootfs, folder).catch((error) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  console.error(`cluster: root filesystem installed (${((Date.now() - startedAt) / 1000).toFixed(0)} s)`);
}

async function requireDebootstrap(env: Environment): Promise<void> {
  const { code } = await run('debootstrap', ['--version'], { env, output: 'capture' });
  if (code === 0) return;
  throw new ToolchainError(
    'the root filesystem of the nodes is made with debootstrap, and there is no debootstrap command on PATH.\n' +
      'Install it (Debian and Ubuntu: apt-get install debootstrap).',
  );
}

async function makeStaging(parent: string): Promise<string> {
  try {
    await mkdir(parent, { recursive: true });
    return await mkdtemp(join(parent, '.building-'));
  } catch (error) {
    throw new ToolchainError(
      `the cache cannot be written: ${(error as Error).message}\nSet WARDEN_DEV_CACHE to a folder that can.`,
    );
  }
}

async function debootstrap(rootfs: string, env: Environment): Promise<void> {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) {
    throw new ToolchainError(
      `the nodes are not made for ${process.arch}: only for ${Object.keys(ARCHITECTURES)}.`,
    );
  }
  const settings = [
    `--arch=${architecture}`,
    '--variant=minbase',
    `--include=${PACKAGES.join(',')}`,
    '--force-check-gpg', // also where the keyring is missing: then it fails
  ];
  const { code, output } = await run('debootstrap', [...settings, SUITE, rootfs, MIRROR, SCRIPT], {
    env,
    output: 'capture',
  });
  if (code === 0) return;
  const lines = output.trimEnd().split('\n').slice(-20).join('\n');
  throw new ToolchainError(
    `debootstrap could not make the root filesystem of the nodes (exit code ${code}).\n${lines}\n` +
      `Check that ${MIRROR} can be reached, that Debian’s keys are here (apt-get install debian-archive-keyring), that the\n` +
      'disk has 1 GB left, and that the cache is not mounted nodev or noexec.\n' +
      'Then run this again: nothing has been left behind.',
  );
}
