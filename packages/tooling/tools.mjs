import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { run, ToolchainError } from './run.mjs';
import { cacheDir, isAtLeast, NODE_VERSION, OLDEST_NODE, PNPM_VERSION } from './versions.mjs';

/**
 * @typedef {object} Tool
 * @property {'node' | 'pnpm'} name
 * @property {string} version exact
 * @property {string} npmPackage
 * @property {string} bin the folder of its executable inside an npm prefix
 */

/** @type {Tool} */
const PNPM = { name: 'pnpm', version: PNPM_VERSION, npmPackage: 'pnpm', bin: 'node_modules/.bin' };

/**
 * The package with the executable itself. npm's package `node` only fetches this one from an install script, which
 * does not work where scripts are switched off (`ignore-scripts`).
 *
 * @param {string} platform
 * @param {string} arch
 * @returns {Tool}
 */
export function nodeTool(platform, arch) {
  if (platform !== 'linux' || !['x64', 'arm64'].includes(arch)) {
    throw new ToolchainError(
      `there is no Node.js ${NODE_VERSION} for ${platform}-${arch} on npm: install Node.js 24 yourself and run this again.`,
    );
  }
  const npmPackage = `node-${platform}-${arch}`;
  return { name: 'node', version: NODE_VERSION, npmPackage, bin: `node_modules/${npmPackage}/bin` };
}

/**
 * The folder of a tool in the cache. A new version is a new folder, so checkouts of different ages share one cache.
 *
 * @param {Tool} tool
 * @param {NodeJS.ProcessEnv} env
 */
function toolDir(tool, env) {
  return join(cacheDir(env), 'tools', `${tool.npmPackage}-${tool.version}`);
}

/**
 * An environment in which `node`, and where asked for `pnpm`, are the right ones, and whether pnpm is ours (then its
 * settings are ours to choose) or the user's. What the machine already has is used; what it lacks is installed into
 * the cache.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {{ pnpm: boolean }} wanted
 * @returns {Promise<{ env: NodeJS.ProcessEnv, ownPnpm: boolean }>}
 */
export async function provideTools(env, wanted) {
  const [nodeDirs, pnpmDirs] = await Promise.all([provideNode(env), wanted.pnpm ? providePnpm(env) : []]);
  const path = [...nodeDirs, ...pnpmDirs, env.PATH ?? ''].join(delimiter);
  return { env: { ...env, PATH: path }, ownPnpm: pnpmDirs.length > 0 };
}

/** @param {NodeJS.ProcessEnv} env */
async function provideNode(env) {
  const running = process.versions.node;
  const wanted = env.CHECKPOINT_WARDEN_NODE || 'pinned';
  if (wanted !== 'pinned' && wanted !== 'system') {
    throw new ToolchainError(
      `CHECKPOINT_WARDEN_NODE is "${wanted}": say "system" or "pinned", or leave it out.`,
    );
  }
  if (wanted === 'system' && !isAtLeast(running, OLDEST_NODE)) {
    throw new ToolchainError(
      `CHECKPOINT_WARDEN_NODE=system, but this Node.js is ${running} and ${OLDEST_NODE} is needed.`,
    );
  }
  if (wanted === 'system' || isAtLeast(running, '24')) {
    const found = which('node', env);
    return found && realpathSync(found) === realpathSync(process.execPath) ? [] : [dirname(process.execPath)];
  }
  return [await provideFromNpm(nodeTool(process.platform, process.arch), env)];
}

/** @param {NodeJS.ProcessEnv} env */
async function providePnpm(env) {
  if (which('pnpm', env)) {
    // Corepack's pnpm would download, and pnpm itself would switch versions, by what a package.json beside it says.
    const { code, output } = await run('pnpm', ['--version'], {
      cwd: tmpdir(),
      env: { ...env, COREPACK_ENABLE_NETWORK: '0' },
      output: 'capture',
    });
    if (code === 0 && output.trim().split('.')[0] === PNPM_VERSION.split('.')[0]) return [];
  }
  return [await provideFromNpm(PNPM, env)];
}

/**
 * @param {string} command
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} the first executable of that name on PATH
 */
export function which(command, env) {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false; // not there, or not ours to run: the next folder may have it
      }
    });
}

/**
 * Installs a tool where it is not in the cache yet. It is put together in a folder of its own and renamed into place,
 * so a run that is interrupted, or a second one at the same time, never sees half a tool.
 *
 * @param {Tool} tool
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} the folder with its executable
 */
async function provideFromNpm(tool, env) {
  const target = toolDir(tool, env);
  if (existsSync(target)) return join(target, tool.bin);

  const title = `${tool.name} ${tool.version}`;
  console.error(`toolchain: ${title} is not on this machine, installing it into ${target}`);
  const startedAt = Date.now();
  await mkdir(dirname(target), { recursive: true });
  const staging = await mkdtemp(join(dirname(target), '.installing-'));
  try {
    await installFromNpm(tool, staging, env);
    const bytes = await sizeOf(staging);
    await rename(staging, target).catch((error) => {
      // Another run was faster; what it has installed is the same.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    console.error(`toolchain: ${title} installed (${Math.round(bytes / 1e6)} MB, ${seconds} s)`);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return join(target, tool.bin);
}

/**
 * @param {Tool} tool
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 */
async function installFromNpm(tool, folder, env) {
  const npmCache = join(folder, '.npm'); // npm writes downloads and logs there instead of ~/.npm
  const spec = `${tool.npmPackage}@${tool.version}`;
  const settings = ['--global=false', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];
  const { code, output } = await run(
    'npm',
    ['install', '--prefix', folder, '--cache', npmCache, ...settings, '--loglevel=error', spec],
    { cwd: folder, env, output: 'capture' },
  );
  if (code !== 0) {
    throw new ToolchainError(
      `npm could not install ${spec} (exit code ${code}).\n${indent(output)}` +
        'Check that npm reaches its registry (`npm ping`) and that the disk has 250 MB left; or install Node.js 24\n' +
        `and pnpm ${PNPM_VERSION} yourself. Then run this again: nothing has been left behind.`,
    );
  }
  const version = await run(join(folder, tool.bin, tool.name), ['--version'], {
    cwd: folder,
    env,
    output: 'capture',
  });
  if (version.output.trim().replace(/^v/, '') !== tool.version) {
    throw new ToolchainError(`${spec} does not run on this machine:\n${indent(version.output)}`);
  }
  await rm(npmCache, { recursive: true, force: true });
}

/** @param {string} text */
function indent(text) {
  return text.replace(/^(?=.)/gm, '  ');
}

/**
 * @param {string} folder
 * @returns {Promise<number>} bytes of all files in it
 */
async function sizeOf(folder) {
  const sizes = (await readdir(folder, { withFileTypes: true })).map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sizeOf(path) : (await lstat(path)).size;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
