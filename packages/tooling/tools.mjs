import { accessSync, constants, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { provideFromNpm } from './provide-from-npm.mjs';
import { run, ToolchainError } from './run.mjs';
import { isAtLeast, NODE_VERSION, OLDEST_NODE, PNPM_VERSION } from './versions.mjs';

/** @typedef {import('./provide-from-npm.mjs').Tool} Tool */

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
  const wanted = env.WARDEN_DEV_NODE || 'pinned';
  if (wanted !== 'pinned' && wanted !== 'system') {
    throw new ToolchainError(`WARDEN_DEV_NODE is "${wanted}": say "system" or "pinned", or leave it out.`);
  }
  if (wanted === 'system' && !isAtLeast(running, OLDEST_NODE)) {
    throw new ToolchainError(
      `WARDEN_DEV_NODE=system, but this Node.js is ${running} and ${OLDEST_NODE} is needed.`,
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
