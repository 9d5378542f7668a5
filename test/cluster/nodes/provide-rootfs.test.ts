import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { provideRootfs } from './provide-rootfs.ts';

let folder: string;
let bin: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-rootfs-'));
  bin = join(folder, 'bin');
  await mkdir(bin);
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A debootstrap that "installs" into its target and notes what it is told, and can be told to do something else then. */
async function debootstrap(then = ''): Promise<void> {
  await writeFile(
    join(bin, 'debootstrap'),
    `#!/bin/sh
     [ "$1" = --version ] && exit 0
     echo "$@" >> ${folder}/told
     while [ "$1" != forky ]; do shift; done
     mkdir -p "$2/usr"
     ${then}`,
  );
  await chmod(join(bin, 'debootstrap'), 0o755);
}

function environment(more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: [bin, '/usr/bin', '/bin'].join(delimiter),
    WARDEN_DEV_CACHE: join(folder, 'cache'),
    ...more,
  };
}

const told = async () => (await readFile(join(folder, 'told'), 'utf8')).trimEnd().split('\n');

describe('provideRootfs', () => {
  it('makes one in the cache, with what a node takes, and the next time none', async () => {
    await debootstrap();
    const rootfs = await provideRootfs(environment());
    expect(await readdir(rootfs)).toEqual(['usr']);
    expect(await provideRootfs(environment())).toBe(rootfs);
    expect(await told()).toEqual([
      expect.stringMatching(
        /--include=\S*,containerd,\S*,criu,.* forky \S+ http:\/\/deb\.debian\.org\/debian sid$/,
      ),
    ]);
  });

  it('may run twice at once', async () => {
    await debootstrap('sleep 0.2');
    const [one, other] = await Promise.all([provideRootfs(environment()), provideRootfs(environment())]);
    expect(one).toBe(other);
    expect(await readdir(dirname(one))).toHaveLength(1);
  });

  it('leaves nothing behind when debootstrap fails, and says what it said and what to do', async () => {
    await debootstrap('echo "E: Couldn\'t download packages: criu"; exit 1');
    await expect(provideRootfs(environment())).rejects.toThrow(
      /exit code 1[\s\S]*download packages: criu\nCheck that http:\/\/deb\.debian\.org/,
    );
    expect(await readdir(join(folder, 'cache/rootfs'))).toEqual([]);
  });

  it('says what to install when there is no debootstrap', async () => {
    await expect(provideRootfs(environment({ PATH: bin }))).rejects.toThrow('apt-get install debootstrap');
  });

  it('says what to do when the cache cannot be written', async () => {
    await debootstrap();
    const WARDEN_DEV_CACHE = join(bin, 'debootstrap'); // a file
    await expect(provideRootfs(environment({ WARDEN_DEV_CACHE }))).rejects.toThrow('Set WARDEN_DEV_CACHE');
  });
});
