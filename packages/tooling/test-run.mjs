import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';
import { ROOT } from './versions.mjs';

/** @typedef {{ passed: number, failed: number }} Counts */

/** Checks that read the sources only. Each counts as one test. */
const CHECKS = [
  ['types', 'tsc', '-p', '.'],
  ['lint and format', 'biome', 'check', '--error-on-warnings', '--colors=off', '.'],
  ['unused code', 'knip', '--config', 'packages/tooling/knip.json', '--treat-config-hints-as-errors'],
  ['generated files', 'node', 'packages/tooling/generate.mjs', '--check'],
];

/**
 * Everything that decides whether a change is good: the checks side by side, then the tests with coverage. The last
 * line printed is `N passed, N failed`.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code
 */
export async function runTests(env) {
  const startedAt = Date.now();
  const counts = await Promise.all(CHECKS.map((check) => runCheck(check, env)));
  counts.push(await runVitest('tests', ['--config', 'packages/tooling/vitest.config.ts', '--coverage'], env));
  return sumUp(counts, startedAt);
}

/** What `npm run test:cluster` consists of, by the flag that asks for it alone. */
const CLUSTER_PARTS = new Map([
  [
    '--api',
    { name: 'API server tests', config: 'packages/tooling/vitest.cluster.config.ts', reporter: 'dot' },
  ],
  // Scenarios are few and take long: who waits for them sees which one it is.
  [
    '--e2e',
    { name: 'end-to-end tests', config: 'packages/tooling/vitest.e2e.config.ts', reporter: 'verbose' },
  ],
]);

/**
 * The tests on a real API server, then those on a real cluster of nodes, with what they take brought first. The last line
 * printed is `N passed, N failed`.
 *
 * @param {readonly string[]} args `--api` or `--e2e` for one of the two, and paths of tests for vitest, which imply it
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code
 */
export async function runClusterTests(args, env) {
  const startedAt = Date.now();
  const parts = clusterParts(args);
  // Go's build cache stays where the user has it: 6 GB of it may be there already.
  const prepareEnv = { ...env, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME };
  const { code } = await run('node', ['test/cluster/prepare.ts', ...parts], { cwd: ROOT, env: prepareEnv });
  if (code !== 0) return sumUp([{ passed: 0, failed: 1 }], startedAt);
  const counts = [];
  for (const part of parts) {
    const { name = '', config = '', reporter } = CLUSTER_PARTS.get(part) ?? {};
    const paths = args.filter((arg) => !CLUSTER_PARTS.has(arg));
    counts.push(await runVitest(name, ['--config', config, ...paths], env, reporter));
  }
  return sumUp(counts, startedAt);
}

/**
 * @param {readonly string[]} args of {@link runClusterTests}
 * @returns {readonly string[]} flags of the parts to run
 */
export function clusterParts(args) {
  const all = [...CLUSTER_PARTS.keys()];
  if (args.length === 0) return all;
  const asked = all.filter((part) => args.includes(part));
  if (asked.length > 0) return asked;
  return args.some((path) => path.includes('test/e2e')) ? ['--e2e'] : ['--api'];
}

/**
 * @param {readonly Counts[]} counts
 * @param {number} startedAt
 * @returns {number} exit code
 */
function sumUp(counts, startedAt) {
  const total = (/** @type {keyof Counts} */ key) => counts.reduce((sum, count) => sum + count[key], 0);
  console.log(`\nall steps took ${secondsSince(startedAt)}`);
  console.log(`${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 && total('passed') > 0 ? 0 : 1;
}

/**
 * @param {readonly string[]} check
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Counts>}
 */
async function runCheck([name = '', command = '', ...args], env) {
  const startedAt = Date.now();
  const { code, output } = await run(command, args, { cwd: ROOT, env, output: 'capture' });
  report(name, code === 0, secondsSince(startedAt));
  if (code !== 0) console.log(output);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/**
 * @param {string} name
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {string} [reporter] of vitest, for people
 * @returns {Promise<Counts>}
 */
async function runVitest(name, args, env, reporter = 'dot') {
  const startedAt = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-test-'));
  try {
    const resultFile = join(folder, 'result.json');
    const reporters = [`--reporter=${reporter}`, '--reporter=json', `--outputFile.json=${resultFile}`];
    const { code } = await run('vitest', ['run', ...args, ...reporters], { cwd: ROOT, env });
    const counts = countTests(code, existsSync(resultFile) ? readFileSync(resultFile, 'utf8') : undefined);
    report(
      name,
      counts.failed === 0,
      `${counts.passed} passed, ${counts.skipped} skipped, ${secondsSince(startedAt)}`,
    );
    if (counts.trouble) console.log(`     ${counts.trouble}`);
    return counts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Reads vitest's counts and makes sure that a run which went wrong never counts as a good one.
 *
 * @param {number} exitCode vitest's
 * @param {string | undefined} result what its JSON reporter wrote, if it did
 * @returns {Counts & { skipped: number, trouble?: string }}
 */
export function countTests(exitCode, result) {
  if (result === undefined) {
    return { passed: 0, failed: 1, skipped: 0, trouble: `vitest ended with ${exitCode} and left no result` };
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(result);
  /** @type {{ status: string, assertionResults: unknown[] }[]} */
  const files = testResults;
  // A file that cannot be loaded has no tests to fail.
  const broken = files.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const counts = {
    passed: numPassedTests,
    failed: numFailedTests + broken,
    skipped: numPendingTests + numTodoTests,
  };
  if (counts.failed > 0) return counts;
  if (exitCode !== 0)
    return {
      ...counts,
      failed: 1,
      trouble: 'no test failed but vitest did: coverage or a stray error, see above',
    };
  if (counts.passed === 0) return { ...counts, failed: 1, trouble: 'no test was run' };
  return counts;
}

/**
 * @param {string} name
 * @param {boolean} ok
 * @param {string} detail
 */
function report(name, ok, detail) {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(17)} ${detail}`);
}

/** @param {number} startedAt */
function secondsSince(startedAt) {
  return `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
}
