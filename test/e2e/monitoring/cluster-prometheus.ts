import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'yaml';
import { type Gateway, openGateway } from '../../cluster/nodes/gateway.ts';
import { enterNetwork, GATEWAY_IP } from '../../cluster/nodes/network.ts';
import { type Prometheus, type PrometheusOptions, startPrometheus } from '../../monitoring/prometheus.ts';
import { CHART } from '../harness/release.ts';
import type { TestCluster } from '../harness/test-cluster.ts';
import { type Discovery, discoverPods } from './discover-pods.ts';

interface ScrapeJob {
  readonly job_name: string;
  readonly kubernetes_sd_configs: readonly [Discovery];
}

const PORT = 9090;
const DISCOVERY_MS = 1_000;

/**
 * Starts a Prometheus in the network of the cluster that finds agents and controllers as one without the operator does: by
 * the chart's own scrape-config.yaml. Debian's Prometheus is built without `kubernetes_sd_configs`, so what these would find
 * is looked up here and given to it in files, with the same labels.
 */
export async function startClusterPrometheus(
  cluster: TestCluster,
  options: Pick<PrometheusOptions, 'scrapeIntervalSeconds'> = {},
): Promise<Prometheus> {
  const { scrape_configs: jobs }: { scrape_configs: ScrapeJob[] } = parse(
    readFileSync(join(CHART, 'files/scrape-config.yaml'), 'utf8'),
  );
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-warden-targets-'));
  const discover = async () => {
    for (const { job_name, kubernetes_sd_configs } of jobs) {
      const targets = await discoverPods(cluster, kubernetes_sd_configs[0]).catch(() => undefined);
      if (targets === undefined) continue; // what was found before stays, as with Prometheus' own discovery
      const file = join(folder, job_name);
      writeFileSync(`${file}.new`, JSON.stringify(targets));
      renameSync(`${file}.new`, `${file}.json`);
    }
  };
  await discover();
  const stop = new AbortController();
  const discovering = (async () => {
    while (!stop.signal.aborted) {
      await wait(DISCOVERY_MS);
      await discover();
    }
  })();
  let gateway: Gateway | undefined;
  const clean = async () => {
    stop.abort();
    await discovering;
    await gateway?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { address } = cluster;
    const prometheus = await startPrometheus({
      ...options,
      scrapeConfigs: jobs.map(({ kubernetes_sd_configs, ...job }) => ({
        ...job,
        file_sd_configs: [{ files: [join(folder, `${job.job_name}.json`)], refresh_interval: '1s' }],
      })),
      enter: enterNetwork(address.network),
      listen: `${GATEWAY_IP}:${PORT}`,
      async reach() {
        gateway = await openGateway(address.network, { host: GATEWAY_IP, port: PORT });
        return `127.0.0.1:${gateway.port}`;
      },
    });
    return {
      ...prometheus,
      async close() {
        await prometheus.close();
        await clean();
      },
    };
  } catch (error) {
    await clean();
    throw error;
  }
}
