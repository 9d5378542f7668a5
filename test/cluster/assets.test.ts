import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER_PROGRAMS, provideAssets } from './assets.ts';

const PROGRAMS = ['etcd', 'kube-apiserver', 'kubectl'];

let folder: string;
let bin: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-assets-'));
  bin = join(folder, 'bin');
  await mkdir(bin);
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function program(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

/** A go command that "builds" what it is told to, notes that, and can be told to do something else first. */
async function go(first = ''): Promise<void> {
  await program(
    join(bin, 'go'),
    `[ "$1" = version ] && { echo go version go1.26.0 linux/amd64; exit 0; }
     echo "$GOFLAGS $GOWORK $@" >> ${folder}/built
     ${first}
     while [ "$1" != -o ]; do shift; done
     printf '#!/bin/sh\\n' > "$2"; chmod +x "$2"`,
  );
}

async function built(): Promise<string[]> {
  const lines = (await readFile(join(folder, 'built'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => line.replace(/.*\//, ''));
}

function environment(more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: [bin, '/usr/bin', '/bin'].join(delimiter),
    WARDEN_DEV_CACHE: join(folder, 'cache'),
    ...more,
  };
}

describe('provideAssets', () => {
  it('builds what is not in the cache, and the next time nothing', async () => {
    await go();
    const assets = await provideAssets(environment());
    expect(assets).toContain(join(folder, 'cache/kubernetes'));
    expect((await readdir(assets)).sort()).toEqual(PROGRAMS);
    expect(await provideAssets(environment())).toBe(assets);
    expect(await built()).toEqual(['v3', 'kube-apiserver', 'kubectl']);
  });

  it('builds what a cluster takes beyond an API server only when it is asked for', async () => {
    await go();
    const assets = await provideAssets(environment());
    expect(await provideAssets(environment(), CLUSTER_PROGRAMS)).toBe(assets);
    expect((await readdir(assets)).sort()).toEqual(CLUSTER_PROGRAMS.map(({ name }) => name).sort());
    expect((await built()).slice(PROGRAMS.length)).toEqual([
      'kube-controller-manager',
      'kube-scheduler',
      'kubelet',
      'kube-proxy',
    ]);
  });

  it('builds just the versions that are committed, with the flags that the user has set', async () => {
    await go();
    await provideAssets(environment({ GOFLAGS: '-p=1 -mod=mod', GOWORK: '/elsewhere/go.work' }));
    expect(await readFile(join(folder, 'built'), 'utf8')).toContain('-p=1 -mod=mod off build -mod=readonly ');
  });

  it('keeps what it has built when the next program fails, leaves nothing half, and goes on from there', async () => {
    await go(`case "$*" in *kube-apiserver) echo 'no space left on device' >&2; exit 1;; esac`);
    await expect(provideAssets(environment())).rejects.toThrow(
      /could not build k8s\.io\/kubernetes\/cmd\/kube-apiserver \(exit code 1\)\.\nno space left on device\n/,
    );
    const [versions = ''] = await readdir(join(folder, 'cache/kubernetes'));
    expect(await readdir(join(folder, 'cache/kubernetes', versions))).toEqual(['etcd']);
    await go();
    await provideAssets(environment());
    expect(await built()).toEqual(['v3', 'kube-apiserver', 'kube-apiserver', 'kubectl']);
  });

  it('may run twice at once', async () => {
    await go('sleep 0.1');
    const [one, other] = await Promise.all([provideAssets(environment()), provideAssets(environment())]);
    expect(one).toBe(other);
    expect((await readdir(one)).sort()).toEqual(PROGRAMS);
  });

  it('says what to install when there is no Go', async () => {
    const env = environment({ PATH: bin });
    await expect(provideAssets(env)).rejects.toThrow(/no go command on PATH\nInstall Go 1\.\d+ \(https/);
  });

  it('says what to install when Go is too old', async () => {
    const refusal = 'go: go.mod requires go >= 1.26.0 (running go 1.19.8; GOTOOLCHAIN=local)';
    await program(join(bin, 'go'), `echo '${refusal}' >&2; exit 1`);
    await expect(provideAssets(environment())).rejects.toThrow(`${refusal}\nInstall Go 1.26 (`);
  });

  it('says what to do when the cache cannot be written', async () => {
    await go();
    const WARDEN_DEV_CACHE = join(bin, 'go'); // a file
    await expect(provideAssets(environment({ WARDEN_DEV_CACHE }))).rejects.toThrow('Set WARDEN_DEV_CACHE');
  });

  it('uses KUBEBUILDER_ASSETS and builds nothing', async () => {
    for (const name of PROGRAMS) await program(join(bin, name), '');
    const env = { KUBEBUILDER_ASSETS: bin };
    expect(await provideAssets(env)).toBe(bin);
    await expect(provideAssets(env, CLUSTER_PROGRAMS)).rejects.toThrow(
      'no executable kube-controller-manager, kube-scheduler, kubelet, kube-proxy.',
    );
  });

  it('says what KUBEBUILDER_ASSETS lacks', async () => {
    await program(join(bin, 'etcd'), '');
    const env = { KUBEBUILDER_ASSETS: bin };
    await expect(provideAssets(env)).rejects.toThrow(
      `KUBEBUILDER_ASSETS is ${bin}, where there is no executable kube-apiserver, kubectl.`,
    );
  });
});
