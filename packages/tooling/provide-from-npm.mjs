import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run, ToolchainError } from './run.mjs';
import { cacheDir, PNPM_VERSION } from './versions.mjs';

/**
 * @typedef {object} Tool
 * @property {'node' | 'pnpm'} name
 * @property {string} version exact
 * @property {string} npmPackage
 * @property {string} bin the folder of its executable inside an npm prefix
 */

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
 * Installs a tool where it is not in the cache yet. It is put together in a folder of its own and renamed into place,
 * so a run that is interrupted, or a second one at the same time, never sees half a tool.
 *
 * @param {Tool} tool
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} the folder with its executable
 */
export async function provideFromNpm(tool, env) {
  const target = toolDir(tool, env);
  if (existsSync(target)) return join(target, tool.bin);

  const title = `${tool.name} ${tool.version}`;
  console.error(`toolchain: ${title} is not on this machine, installing it into ${target}`);
  const startedAt = Date.now();
  const staging = await makeStaging(dirname(target));
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
 * Makes a folder to put a tool together in, on the filesystem that it is to be renamed on.
 *
 * @param {string} folder of the tools
 */
export async function makeStaging(folder) {
  try {
    await mkdir(folder, { recursive: true });
    return await mkdtemp(join(folder, '.installing-'));
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw new ToolchainError(
      `the cache cannot be written: ${message}\nSet WARDEN_DEV_CACHE to a folder that can.`,
    );
  }
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
