import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, ToolchainError } from './run.mjs';
import { cacheDir, ROOT } from './versions.mjs';

const LOCKFILE = join(ROOT, 'pnpm-lock.yaml');
/** pnpm writes it at the end of every install: its time tells whether someone installed something else since. */
const INSTALLED = join(ROOT, 'node_modules/.modules.yaml');
const STAMP = join(ROOT, 'node_modules/.checkpoint-warden');

/** Whether node_modules is what the lockfile says, by what the last {@link installDependencies} left. */
export function areDependenciesInstalled() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint();
}

/**
 * Makes node_modules what the lockfile says.
 *
 * @param {{ env: NodeJS.ProcessEnv, ownPnpm: boolean }} tools
 */
export async function installDependencies({ env, ownPnpm }) {
  const startedAt = Date.now();
  console.error('toolchain: installing the dependencies of pnpm-lock.yaml into node_modules');
  // --prod=false: also where NODE_ENV=production is set. The rest: never ask, never fetch another pnpm.
  const { code, output } = await run('pnpm', ['install', '--frozen-lockfile', '--prod=false'], {
    cwd: ROOT,
    env: {
      ...env,
      ...(ownPnpm ? pnpmFolders(env) : {}),
      npm_config_manage_package_manager_versions: 'false',
      npm_config_confirm_modules_purge: 'false',
    },
    output: 'capture',
  });
  if (code !== 0) {
    throw new ToolchainError(
      `pnpm install failed (exit code ${code}).\n${output}\n` +
        'If it says that the lockfile is out of date, a package.json was edited: bring the lockfile up to date with\n' +
        '`npm run exec -- pnpm install`. Otherwise check that the registry can be reached, and run this again.',
    );
  }
  writeFileSync(STAMP, fingerprint());
  console.error(`toolchain: dependencies installed (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
}

function fingerprint() {
  if (!existsSync(INSTALLED)) return '';
  return createHash('sha256')
    .update(readFileSync(LOCKFILE))
    .update(String(statSync(INSTALLED).mtimeMs))
    .digest('hex');
}

/**
 * Keeps the store of a pnpm that we brought in our cache. A node_modules that another pnpm made stays with its store:
 * pnpm would otherwise throw it away and start over.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
function pnpmFolders(env) {
  const folder = join(cacheDir(env), 'pnpm');
  const store = existsSync(INSTALLED)
    ? dirname(JSON.parse(readFileSync(INSTALLED, 'utf8')).storeDir)
    : join(folder, 'store');
  return {
    npm_config_store_dir: env.npm_config_store_dir ?? store,
    npm_config_cache_dir: env.npm_config_cache_dir ?? join(folder, 'cache'),
    npm_config_state_dir: env.npm_config_state_dir ?? join(folder, 'state'),
  };
}
