import { randomUUID } from 'node:crypto';
import type { ApiClient } from '../cluster/api-client.ts';
import type { ApiServer } from '../cluster/api-server.ts';
import {
  AGENT_LABELS,
  AGENTS_NAMESPACE,
  agentAddress,
  type ClusterSize,
  namespaceNames,
  nodeName,
  podAt,
} from './cluster-shape.ts';
import { type StoredPod, storePods } from './store-pods.ts';

const CONCURRENT = 48;
/** etcd takes 128 operations in one transaction. */
const BATCH = 100;
const TELL_EVERY_MS = 15_000;

/** How the objects of a kind came to be. */
export interface Filled {
  readonly what: string;
  readonly count: number;
  readonly tookMs: number;
}

/**
 * Makes the namespaces, nodes, agents' pods and other pods of a cluster. Of pods one of each kind goes through the API server,
 * and all others are stored as it has stored that one: 150,000 requests would take it many times as long.
 */
export async function fillCluster(
  { admin: api, etcd }: Pick<ApiServer, 'admin' | 'etcd'>,
  size: ClusterSize,
  tell: (text: string) => void,
): Promise<Filled[]> {
  const namespaces = [AGENTS_NAMESPACE, ...namespaceNames(size)];
  return [
    await makeEach('namespaces', namespaces.length, tell, async (index) => {
      await create(api, '/api/v1/namespaces', { metadata: { name: namespaces[index] } });
    }),
    await makeEach('nodes', size.agents, tell, (index) =>
      create(api, '/api/v1/nodes', {
        metadata: { name: nodeName(index), labels: { pool: index % 2 === 0 ? 'even' : 'odd' } },
      }),
    ),
    await fillAgentPods(api, etcd, size, tell),
    await fillPods(api, etcd, size, tell),
  ];
}

async function fillAgentPods(
  api: ApiClient,
  etcd: string,
  { agents }: ClusterSize,
  tell: (text: string) => void,
): Promise<Filled> {
  const model = await createAgentPod(api, 0);
  return storeEach('agent pods', agents - 1, etcd, tell, (offset) => {
    const agent = offset + 1;
    const ip = agentAddress(agent);
    return {
      ...model,
      metadata: { ...model.metadata, name: agentPodName(agent), uid: randomUUID() },
      spec: { ...model.spec, nodeName: nodeName(agent) },
      status: { ...model.status, podIP: ip, podIPs: [{ ip }] },
    };
  });
}

async function createAgentPod(api: ApiClient, agent: number): Promise<StoredPod> {
  const path = `/api/v1/namespaces/${AGENTS_NAMESPACE}/pods`;
  const name = agentPodName(agent);
  await create(api, path, {
    metadata: { name, labels: AGENT_LABELS },
    spec: { nodeName: nodeName(agent), containers: [containerOf('agent')] },
  });
  const ip = agentAddress(agent);
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }] };
  await send(api, 'PATCH', `${path}/${name}/status`, { status }, 'application/merge-patch+json');
  return readPod(api, path, name);
}

function agentPodName(agent: number): string {
  return `agent-${agent}`;
}

async function fillPods(
  api: ApiClient,
  etcd: string,
  size: ClusterSize,
  tell: (text: string) => void,
): Promise<Filled> {
  const models = await Promise.all([0, 1, 2].map((index) => createPod(api, index, size)));
  return storeEach('pods', size.pods - models.length, etcd, tell, (offset) => {
    const index = models.length + offset;
    const { namespace, pod } = podAt(index, size);
    const model = models[index % models.length];
    return { ...model, metadata: { ...model?.metadata, namespace, name: pod, uid: randomUUID() } };
  });
}

async function createPod(api: ApiClient, index: number, size: ClusterSize): Promise<StoredPod> {
  const { namespace, pod, containers } = podAt(index, size);
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await create(api, path, {
    metadata: { name: pod, labels: { app: pod.slice(0, 12) } },
    spec: { containers: containers.map(containerOf) },
  });
  return readPod(api, path, pod);
}

async function readPod(api: ApiClient, path: string, name: string): Promise<StoredPod> {
  const { body } = await api.send('GET', `${path}/${name}`);
  return body as StoredPod;
}

async function storeEach(
  what: string,
  count: number,
  etcd: string,
  tell: (text: string) => void,
  podAtOffset: (offset: number) => StoredPod,
): Promise<Filled> {
  const { tookMs } = await makeEach(`batches of ${what}`, Math.ceil(count / BATCH), tell, (batch) => {
    const offsets = Array.from(
      { length: Math.min(BATCH, count - batch * BATCH) },
      (_, each) => batch * BATCH + each,
    );
    return storePods(etcd, offsets.map(podAtOffset));
  });
  return { what, count, tookMs };
}

/** About as large as those of real pods. */
function containerOf(name: string) {
  return {
    name,
    image: `registry.example/${name}:v1.2.3`,
    env: [{ name: 'LOG_LEVEL', value: 'info' }],
    ports: [{ containerPort: 8080, name: 'http' }],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  };
}

function create(api: ApiClient, path: string, object: unknown): Promise<void> {
  return send(api, 'POST', path, object);
}

async function send(
  api: ApiClient,
  method: string,
  path: string,
  object: unknown,
  contentType?: string,
): Promise<void> {
  const { status, body } = await api.send(method, path, object, contentType);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
}

async function makeEach(
  what: string,
  count: number,
  tell: (text: string) => void,
  make: (index: number) => Promise<void>,
): Promise<Filled> {
  const startedMs = performance.now();
  let begun = 0;
  let toldMs = startedMs;
  const work = async () => {
    while (begun < count) {
      await make(begun++);
      if (performance.now() - toldMs < TELL_EVERY_MS) continue;
      toldMs = performance.now();
      tell(`${begun} of ${count} ${what}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, work));
  const tookMs = performance.now() - startedMs;
  tell(`${count} ${what} in ${Math.round(tookMs / 1000)} s`);
  return { what, count, tookMs };
}
