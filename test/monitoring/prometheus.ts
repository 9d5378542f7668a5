import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../cluster/daemon.ts';
import { freePort } from '../cluster/free-port.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { ALERTS_FILE } from './alert-rules.ts';

/** A value and when it was so, Unix seconds. */
export type Sample = readonly [number, string];

/** A series of an answer: `value` of now, or `values` over time. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Sample;
  readonly values?: readonly Sample[];
}

export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
}

export interface EvaluatedRule {
  readonly name: string;
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

export interface Span {
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  readonly stepSeconds: number;
}

/** A real Prometheus with the chart's alert rules. */
export interface Prometheus {
  /** @throws Error with what it says about an expression that is none */
  query(expr: string): Promise<readonly Series[]>;
  queryRange(expr: string, span: Span): Promise<readonly Series[]>;
  targets(): Promise<readonly Target[]>;
  rules(): Promise<readonly EvaluatedRule[]>;
  close(): Promise<void>;
}

export interface PrometheusOptions {
  /** As in a configuration file. */
  readonly scrapeConfigs: readonly object[];
  /** One second unless given: a test does not want to wait. */
  readonly scrapeIntervalSeconds?: number;
  /** What to put before the command, to have it run elsewhere. */
  readonly enter?: readonly string[];
  /** Address that it listens on there; a free port of 127.0.0.1 unless given. */
  readonly listen?: string;
  /** How it is reached from here, when that is another address. */
  readonly reach?: () => Promise<string>;
}

/** Without it nothing here can be tested, so its absence is a failure and not a skip. */
const INSTALL = 'install it (Debian and Ubuntu: apt-get install --no-install-recommends prometheus)';

/**
 * Starts the `prometheus` of this machine.
 *
 * @throws Error with what to install when there is none, or with the end of its log when it does not start
 */
export async function startPrometheus({
  scrapeConfigs,
  scrapeIntervalSeconds = 1,
  enter = [],
  listen,
  reach,
}: PrometheusOptions): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-warden-prometheus-'));
  const configuration = {
    global: {
      scrape_interval: `${scrapeIntervalSeconds}s`,
      scrape_timeout: `${scrapeIntervalSeconds}s`,
      evaluation_interval: '1s',
    },
    rule_files: [ALERTS_FILE],
    scrape_configs: scrapeConfigs,
  };
  const file = join(folder, 'prometheus.yaml');
  writeFileSync(file, JSON.stringify(configuration)); // JSON is YAML
  const address = listen ?? `127.0.0.1:${await freePort()}`;
  const [command = '', ...args] = [
    ...enter,
    'prometheus',
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=warn',
  ];
  const daemon = startDaemon(command, args, join(folder, 'log'));
  const close = async () => {
    await daemon.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = `http://${(await reach?.()) ?? address}`;
    await waitUntil(async () => (await fetch(`${url}/-/ready`)).ok, {
      what: 'Prometheus is ready',
      withinMs: 60_000,
      hopeless: () => {
        const ended = daemon.ended();
        if (ended === undefined) return undefined;
        const log = daemon.logTail();
        return log.includes('failed to execute prometheus')
          ? `there is no prometheus: ${INSTALL}`
          : `prometheus ${ended}: ${log}`;
      },
    });
    return { ...clientOf(url), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Asks a Prometheus that runs. */
export function clientOf(url: string): Omit<Prometheus, 'close'> {
  const ask = async (path: string, parameters: Record<string, string> = {}): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; data: unknown; error?: string };
    if (answer.status !== 'success') throw new Error(`${parameters.query ?? path}: ${answer.error}`);
    return answer.data;
  };
  const seriesOf = (answer: unknown) => (answer as { result: readonly Series[] }).result;
  return {
    query: async (query) => seriesOf(await ask('query', { query })),
    queryRange: async (query, { start, end, stepSeconds }) =>
      seriesOf(await ask('query_range', { query, start: `${start}`, end: `${end}`, step: `${stepSeconds}` })),
    targets: async () => ((await ask('targets')) as { activeTargets: readonly Target[] }).activeTargets,
    rules: async () =>
      ((await ask('rules')) as { groups: readonly { rules: readonly EvaluatedRule[] }[] }).groups.flatMap(
        ({ rules }) => rules,
      ),
  };
}

/** Runs `promtool` to its end. @throws Error with what to install when there is none */
export function promtool(args: readonly string[], stdin = ''): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile('promtool', [...args], (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(new Error(`no promtool: ${INSTALL}`));
      else resolve({ code: Number(error?.code ?? 0), output: stdout + stderr });
    });
    child.stdin?.on('error', () => {}); // it may end without having read all
    child.stdin?.end(stdin);
  });
}
