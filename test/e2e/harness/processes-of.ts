import { readdirSync, readFileSync } from 'node:fs';
import type { TestCluster } from './test-cluster.ts';

interface Pod {
  readonly status?: { readonly containerStatuses?: readonly { readonly containerID?: string }[] };
}

/**
 * Finds the processes of a pod of one container, as this machine numbers them, for `process.kill`. The kubelet starts a
 * container again that has ended.
 */
export async function processesOf(cluster: TestCluster, namespace: string, pod: string): Promise<number[]> {
  const found = (await cluster.get(`/api/v1/namespaces/${namespace}/pods/${pod}`)) as Pod | undefined;
  const id = found?.status?.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '');
  if (!id) throw new Error(`no container of pod ${namespace}/${pod} runs`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && cgroupsOf(name).includes(id))
    .map(Number);
}

function cgroupsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    return ''; // it has ended since
  }
}
