import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout, with a closing slash. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The Node.js that the project is built, tested and shipped with: the one place where it is pinned. */
export const NODE_VERSION = '24.21.0';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** The pnpm of `packageManager` in the root package.json. */
export const PNPM_VERSION = /^pnpm@(\d+\.\d+\.\d+)$/.exec(manifest.packageManager)?.[1] ?? fail();

/** The oldest Node.js the program supports, of `engines` in the root package.json. */
export const OLDEST_NODE = /^>=(\d+\.\d+)$/.exec(manifest.engines.node)?.[1] ?? fail();

/** @returns {never} */
function fail() {
  throw new Error('package.json: packageManager must read pnpm@X.Y.Z and engines.node >=X.Y');
}

/**
 * Where Node.js, pnpm and pnpm's store are kept between runs and between checkouts.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheDir(env) {
  return env.WARDEN_DEV_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'checkpoint-warden');
}

/**
 * Compares dotted versions number by number; a missing part counts as 0.
 *
 * @param {string} version such as `24.21.0`
 * @param {string} least such as `22.22`
 */
export function isAtLeast(version, least) {
  const have = version.split('.').map(Number);
  const want = least.split('.').map(Number);
  const differing = want.findIndex((part, index) => (have[index] ?? 0) !== part);
  return differing === -1 || (have[differing] ?? 0) > (want[differing] ?? 0);
}
