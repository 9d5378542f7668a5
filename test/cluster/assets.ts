import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, ToolchainError } from '../../packages/tooling/run.mjs';
import { cacheDir } from '../../packages/tooling/versions.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const GO_MOD = readFileSync(join(HERE, 'go.mod'), 'utf8');

/** A program of Kubernetes, with the Go package that it is. */
export interface Program {
  readonly name: string;
  readonly goPackage: string;
}

/** What an API server by itself takes. */
export const API_PROGRAMS: readonly Program[] = [
  { name: 'etcd', goPackage: 'go.etcd.io/etcd/server/v3' },
  { name: 'kube-apiserver', goPackage: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  { name: 'kubectl', goPackage: 'k8s.io/kubernetes/cmd/kubectl' },
];

/** What a cluster with nodes takes. */
export const CLUSTER_PROGRAMS: readonly Program[] = [
  ...API_PROGRAMS,
  { name: 'kube-controller-manager', goPackage: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  { name: 'kube-scheduler', goPackage: 'k8s.io/kubernetes/cmd/kube-scheduler' },
  { name: 'kubelet', goPackage: 'k8s.io/kubernetes/cmd/kubelet' },
  { name: 'kube-proxy', goPackage: 'k8s.io/kubernetes/cmd/kube-proxy' },
];

/** The folders and settings of the machine that {@link provideAssets} looks at. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A folder with the programs asked for: `KUBEBUILDER_ASSETS` if that is set, and otherwise one in the cache to which those
 * are built from their Go modules that it lacks. A program is built beside its place and renamed into it, so
 * a run that is interrupted, or a second one at the same time, never sees half of one.
 *
 * @throws ToolchainError when it cannot be had, with what to do about that
 */
export async function provideAssets(env: Environment, programs = API_PROGRAMS): Promise<string> {
  if (env.KUBEBUILDER_ASSETS) return useGiven(resolve(env.KUBEBUILDER_ASSETS), programs);
  const folder = cacheFolder(env);
  const missing = missingFrom(folder, programs);
  if (missing.length > 0) await build(missing, folder, env);
  return folder;
}

function useGiven(folder: string, programs: readonly Program[]): string {
  const missing = missingFrom(folder, programs);
  if (missing.length === 0) return folder;
  throw new ToolchainError(
    `KUBEBUILDER_ASSETS is ${folder}, where there is no executable ${namesOf(missing)}.\n` +
      'Put it there, or unset KUBEBUILDER_ASSETS to have everything built into the cache.',
  );
}

/** Each set of versions has a folder of its own: go.mod names all that goes into the programs. */
function cacheFolder(env: Environment): string {
  const digest = createHash('sha256').update(GO_MOD).digest('hex').slice(0, 12);
  return join(cacheDir(env), 'kubernetes', `${kubernetesVersion()}-${process.arch}-${digest}`);
}

function kubernetesVersion(): string {
  const version = /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(GO_MOD)?.[1];
  if (version === undefined) throw new Error('test/cluster/go.mod requires no k8s.io/kubernetes');
  return version;
}

function missingFrom(folder: string, programs: readonly Program[]): Program[] {
  return programs.filter(({ name }) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return false;
    } catch {
      return true; // whatever the reason is, we cannot run it
    }
  });
}

async function build(programs: readonly Program[], folder: string, env: Environment): Promise<void> {
  await requireGo(programs, env);
  console.error(
    `cluster: building ${namesOf(programs)} with Go into ${folder}\n` +
      'cluster: for once: on two cores 7 to 13 minutes, 25 s where Go has built them before; later runs find them there',
  );
  const staging = await makeStaging(folder);
  try {
    for (const program of programs) {
      const startedAt = Date.now();
      console.error(`cluster: building ${program.name} …`);
      await buildProgram(program, staging, env);
      await rename(join(staging, program.name), join(folder, program.name));
      console.error(`cluster: ${program.name} built (${((Date.now() - startedAt) / 1000).toFixed(0)} s)`);
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Asks in the folder of go.mod, so that it is the Go which that file needs: the go command may fetch a newer one itself. */
async function requireGo(programs: readonly Program[], env: Environment): Promise<void> {
  const { code, output } = await run('go', ['version'], { cwd: HERE, env, output: 'capture' });
  if (code === 0) return;
  const wanted = /^go (\d+\.\d+)/m.exec(GO_MOD)?.[1];
  throw new ToolchainError(
    `the Kubernetes of the tests is built with Go ${wanted} or later, ` +
      `${code === 127 ? 'and there is no go command on PATH' : `which \`go version\` is not:\n${output.trimEnd()}`}\n` +
      `Install Go ${wanted} (https://go.dev/doc/install), or set KUBEBUILDER_ASSETS to a folder with ${namesOf(programs)}.`,
  );
}

async function makeStaging(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return await mkdtemp(join(folder, '.building-'));
  } catch (error) {
    throw new ToolchainError(
      `the cache cannot be written: ${(error as Error).message}\nSet WARDEN_DEV_CACHE to a folder that can.`,
    );
  }
}

async function buildProgram({ name, goPackage }: Program, folder: string, env: Environment): Promise<void> {
  const version = kubernetesVersion();
  const [major, minor] = version.slice(1).split('.');
  // What `kubectl version` tells; without it, clients take the API server for one of version 0.
  const stamps = Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor });
  const ldflags = ['-s', '-w', ...stamps.map(([key, is]) => `-X k8s.io/component-base/version.${key}=${is}`)];
  const args = [
    'build',
    '-mod=readonly',
    '-trimpath',
    '-ldflags',
    ldflags.join(' '),
    '-o',
    join(folder, name),
  ];
  const { code, output } = await run('go', [...args, goPackage], {
    cwd: HERE,
    env: { ...env, CGO_ENABLED: '0', GOWORK: 'off' },
    output: 'capture',
  });
  if (code === 0) return;
  throw new ToolchainError(
    `go could not build ${goPackage} (exit code ${code}).\n${lastLines(output, 20)}\n` +
      'Check that Go reaches its module proxy (`go env GOPROXY`) and that the disk has 8 GB left, 6 of them for Go’s build\n' +
      'cache (`go env GOCACHE`). Then run this again: what has been built is kept.',
  );
}

function namesOf(programs: readonly Program[]): string {
  return programs.map(({ name }) => name).join(', ');
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
