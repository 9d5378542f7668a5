import { RELEASE } from './release.ts';
import type { TestCluster } from './test-cluster.ts';

const PODS = `/api/v1/namespaces/${RELEASE}/pods`;

/** Reads `/metrics` of the controller that leads, by name and labels as they are there; `undefined`: none says that it leads. */
export async function leaderMetrics(cluster: TestCluster): Promise<ReadonlyMap<string, number> | undefined> {
  const selector = 'labelSelector=app.kubernetes.io/component=controller';
  const { items } = (await cluster.get(`${PODS}?${selector}`)) as { items: { metadata: { name: string } }[] };
  for (const { metadata } of items) {
    const text = await cluster.get(`${PODS}/${metadata.name}:9466/proxy/metrics`);
    const lines = String(text).split('\n');
    const metrics = new Map(
      lines.map((line) => {
        const end = line.lastIndexOf(' ');
        return [line.slice(0, end), Number(line.slice(end))];
      }),
    );
    if (metrics.get('checkpoint_warden_leader') === 1) return metrics;
  }
  return undefined;
}
