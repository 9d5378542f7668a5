import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { provideHelm } from '../../../packages/tooling/provide-helm.mjs';
import { ROOT } from '../../../packages/tooling/versions.mjs';
import { WARDEN_IMAGE } from '../../image/warden-image.ts';
import type { TestCluster } from './test-cluster.ts';

/** The release that all scenarios share, and its namespace. */
export const RELEASE = 'checkpoint-warden';

/** The chart of this checkout. */
export const CHART = join(ROOT, 'charts/checkpoint-warden');

/** Values of a Helm release. */
export type Values = Readonly<Record<string, unknown>>;

/** What the shared release differs in from the chart's defaults: the image, and less patience, so that tests are short. */
const VALUES = {
  image: { ...WARDEN_IMAGE, pullPolicy: 'Never' },
  controller: { pollInterval: '2s' },
  agent: { quietPeriod: '5s', scanInterval: '5s' },
};

/**
 * Makes the shared release what it is for every scenario, whatever the one before has left, and waits until all of it is
 * ready. A scenario that needs other values calls this with what differs; the next one gets the usual ones again.
 */
export async function installRelease(cluster: TestCluster, values: Values = {}): Promise<void> {
  const settings = ['--install', '--namespace', RELEASE, '--create-namespace', '--values', '-'];
  await helm(
    cluster,
    ['upgrade', RELEASE, CHART, ...settings, '--wait', '--timeout', '8m'],
    stringify(merge(VALUES, values)),
  );
}

/**
 * Runs helm.
 *
 * @returns what it printed
 * @throws Error with what it says when it fails
 */
export async function helm(cluster: TestCluster, args: readonly string[], stdin = ''): Promise<string> {
  const { kubeconfig } = cluster.admin;
  const running = promisify(execFile)(await provideHelm(process.env), args, {
    env: { KUBECONFIG: kubeconfig, HOME: dirname(kubeconfig) }, // nothing of the user's own settings
    maxBuffer: 16 * 2 ** 20,
  });
  running.child.stdin?.end(stdin);
  return (await running).stdout;
}

function merge(base: Values, over: Values): Values {
  const isMap = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const merged = Object.entries(over).map(([key, value]) => {
    const under = base[key];
    return [key, isMap(under) && isMap(value) ? merge(under, value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}
