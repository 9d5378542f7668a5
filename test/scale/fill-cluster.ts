import type { ApiClient } from '../cluster/api-client.ts';
import {
  AGENT_LABELS,
  AGENTS_NAMESPACE,
  agentAddress,
  type ClusterSize,
  namespaceNames,
  nodeName,
  podAt,
} from './cluster-shape.ts';

const CONCURRENT = 48;
const TELL_EVERY_MS = 15_000;

/** How the objects of a kind came to be. */
export interface Filled {
  readonly what: string;
  readonly count: number;
  readonly tookMs: number;
}

/** Makes the namespaces, nodes, agents' pods and other pods of a cluster. */
export async function fillCluster(
  api: ApiClient,
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
    await makeEach('agent pods', size.agents, tell, (index) => createAgentPod(api, index)),
    await makeEach('pods', size.pods, tell, (index) => createPod(api, index)),
  ];
}

async function createAgentPod(api: ApiClient, agent: number): Promise<void> {
  const path = `/api/v1/namespaces/${AGENTS_NAMESPACE}/pods`;
  const name = `agent-${agent}`;
  await create(api, path, {
    metadata: { name, labels: AGENT_LABELS },
    spec: { nodeName: nodeName(agent), containers: [containerOf('agent')] },
  });
  const ip = agentAddress(agent);
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }] };
  await send(api, 'PATCH', `${path}/${name}/status`, { status }, 'application/merge-patch+json');
}

function createPod(api: ApiClient, index: number): Promise<void> {
  const { namespace, pod, containers } = podAt(index);
  return create(api, `/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name: pod, labels: { app: pod.slice(0, 12) } },
    spec: { containers: containers.map(containerOf) },
  });
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
