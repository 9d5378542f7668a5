// Runs a task of this repository on a machine that has only Node.js >= 18 and npm: brings the pinned Node.js and pnpm
// (docs/adr/0002-toolchain-from-npm.md), installs the dependencies, runs the task. No dependencies and no TypeScript
// here: nothing is there yet.
import { delimiter, join } from 'node:path';
import { areDependenciesInstalled, installDependencies } from './dependencies.mjs';
import { provideHelm } from './provide-helm.mjs';
import { run, ToolchainError, withSignals } from './run.mjs';
import { runClusterTests, runTests } from './test-run.mjs';
import { provideTools } from './tools.mjs';
import { cacheDir, ROOT } from './versions.mjs';

/** @typedef {(args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>} Task its exit code */

const BUILD = ['node', 'packages/cli/build.mjs'];
const CHART_VERSION = ['node', 'packages/tooling/set-chart-version.mjs'];
const GENERATE = ['node', 'packages/tooling/generate.mjs'];
const VITEST = ['vitest', '--config', 'packages/tooling/vitest.config.ts'];

/** @type {ReadonlyMap<string, Task>} */
const TASKS = new Map([
  ['test', (args, env) => (args.length === 0 ? runTests(env) : usage('test takes no arguments'))],
  ['test:long', (args, env) => inOrder({ ...env, WARDEN_DEV_LONG: '1' }, [...VITEST, 'run', ...args])],
  ['test:cluster', runClusterTests],
  ['cluster', (_args, env) => inOrder(env, ['node', 'test/e2e/up.ts'])],
  ['vitest', (args, env) => inForeground(env, [...VITEST, ...args])],
  ['demo', (args, env) => inOrder(env, BUILD, ['node', 'test/demo/demo.ts', ...args])],
  ['bench', (args, env) => inOrder(env, BUILD, ['node', 'test/bench/main.ts', ...args])],
  ['bench:scale', (args, env) => inOrder(env, BUILD, ['node', 'test/scale/main.ts', ...args])],
  ['simulate', (args, env) => inOrder(env, ['node', 'test/simulation/main.ts', ...args])],
  ['build', (args, env) => inOrder(env, [...BUILD, ...args])],
  ['typecheck', (args, env) => inOrder(env, ['tsc', '-p', '.', ...args])],
  ['lint', (args, env) => inOrder(env, ['biome', 'check', '--error-on-warnings', '.', ...args])],
  ['format', (args, env) => inOrder(env, ['biome', 'check', '--write', '.', ...args])],
  ['generate', (args, env) => inOrder(env, [...GENERATE, ...args])],
  [
    'release:version',
    (args, env) => inOrder(env, ['changeset', 'version', ...args], CHART_VERSION, GENERATE),
  ],
  ['helm', async (args, env) => inForeground(env, [await provideHelm(env), ...args])],
  ['exec', (args, env) => inForeground(env, args[0] === '--' ? args.slice(1) : args)],
]);

/**
 * Runs commands one after the other, up to the first that fails.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {readonly (readonly string[])[]} commands
 * @returns {Promise<number>} the exit code of the last one run
 */
async function inOrder(env, ...commands) {
  for (const [command = '', ...args] of commands) {
    const { code } = await run(command, args, { cwd: ROOT, env });
    if (code !== 0) return code;
  }
  return 0;
}

/** @type {(env: NodeJS.ProcessEnv, command: readonly string[]) => Promise<number>} */
async function inForeground(env, [command, ...args]) {
  if (command === undefined) return usage('exec needs a command');
  return (await run(command, args, { env, foreground: true })).code;
}

/**
 * @param {string} problem
 * @returns {never}
 */
function usage(problem) {
  throw new ToolchainError(
    `${problem}.\nUse: node packages/tooling/toolchain.mjs TASK [ARGUMENTS], TASK being one of ${[...TASKS.keys()].join(', ')}.`,
  );
}

await withSignals(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  const task = TASKS.get(name) ?? usage(name === '' ? 'no task given' : `there is no task "${name}"`);
  const installed = areDependenciesInstalled();
  const tools = await provideTools(process.env, { pnpm: !installed || name === 'exec' });
  if (!installed) await installDependencies(tools);
  const cache = cacheDir(process.env);
  return task(args, {
    ...tools.env,
    PATH: [join(ROOT, 'node_modules/.bin'), tools.env.PATH].join(delimiter),
    WARDEN_DEV_CACHE: cache,
    XDG_CACHE_HOME: join(cache, 'xdg'), // Biome, for one, makes itself a folder there
  });
});
