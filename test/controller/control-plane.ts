import { setImmediate } from 'node:timers/promises';
import {
  type MemoryAgent,
  makeMemoryAgent,
  memoryDisk,
  seededRandom,
} from '@checkpoint-warden/agent/testing';
import {
  createControllerMetrics,
  createHoldRequest,
  type LeaderPorts,
  lead,
  POLICIES,
  type PolicyResource,
} from '@checkpoint-warden/controller/testing';
import { AppError } from '@checkpoint-warden/errors';
import { createLogger, type HttpsClient, Registry } from '@checkpoint-warden/kit';
import { manualClock } from '@checkpoint-warden/kit/testing';
import { type LeaseEpoch, NODES, PODS, type Pod } from '@checkpoint-warden/kube';
import { createMemoryApiServer, type KubeFault, type KubeFaults } from '@checkpoint-warden/kube/testing';

const AGENT_LABELS = { app: 'agent' };
const STEP_MS = 500;

/** A leader with two nodes, whose agents are real but for their disks, on one clock that is moved by hand. */
export async function startControlPlane() {
  const clock = manualClock();
  const server = createMemoryApiServer({ clock });
  const random = seededRandom(7);
  const log = createLogger({ level: 'silent', terminal: false });
  const agents = new Map<string, MemoryAgent>();
  const stop = new AbortController();
  let faults: KubeFaults = () => 'ok';
  const events: string[] = [];

  const putPod = (namespace: string, name: string, more: Partial<Pod> = {}): void => {
    server.put(PODS, { metadata: { namespace, name }, spec: { containers: [{ name: 'app' }] }, ...more });
  };
  for (const [index, node] of ['node-1', 'node-2'].entries()) {
    server.put(NODES, { metadata: { name: node, labels: { pool: index === 0 ? 'gpu' : 'cpu' } } });
    putPod('warden', `agent-${node}`, {
      metadata: { namespace: 'warden', name: `agent-${node}`, labels: AGENT_LABELS },
      spec: { nodeName: node, containers: [{ name: 'agent' }] },
      status: { phase: 'Running', podIP: `10.0.0.${index + 1}` },
    });
    agents.set(node, makeMemoryAgent({ node, clock, random: random.next, disk: memoryDisk(clock) }));
  }

  const call: HttpsClient = async ({ method, url, body, headers }) => {
    await undefined;
    const { host, pathname, search } = new URL(url);
    const agent = agents.get(host.startsWith('10.0.0.1') ? 'node-1' : 'node-2');
    if (agent === undefined) throw new AppError('CW_ERR_UNREACHABLE', 'no agent', { retryable: true });
    const answer = agent.call({
      method,
      path: pathname + search,
      body,
      ...(headers === undefined ? {} : { headers }),
    });
    return { etag: answer.headers.etag, ...answer };
  };

  const leadership = {
    epoch: { leaseCreatedMs: clock.nowMs(), leaseTransitions: 1 } as LeaseEpoch,
    signal: stop.signal,
    annotations: {} as Readonly<Record<string, string>>,
    confirm: async () => true,
    async raiseEpoch({ leaseCreatedMs, leaseTransitions }: LeaseEpoch) {
      leadership.epoch = { leaseCreatedMs, leaseTransitions: leaseTransitions + 1 };
      return leadership.epoch;
    },
    async annotate(key: string, value: string) {
      leadership.annotations = { ...leadership.annotations, [key]: value };
    },
  };
  const registry = new Registry();
  const holdRequest = createHoldRequest(clock);
  const ports: LeaderPorts = {
    api: server.client((request) => faults(request)),
    call,
    clock,
    random: random.next,
    log,
    metrics: createControllerMetrics(registry, clock),
    holdRequest,
    recordEvent: ({ reason, note, regarding }) => void events.push(`${reason} ${regarding.name}: ${note}`),
  };
  const options = {
    namespace: 'warden',
    agentSelector: 'app=agent',
    agentPort: 9464,
    fixedAgents: [],
    pollIntervalMs: 12_000,
  };
  const ended = lead(ports, options, leadership, stop.signal);

  async function pass(ms: number): Promise<void> {
    await setImmediate();
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.advance(STEP_MS);
      await setImmediate();
    }
  }

  const plane = {
    clock,
    server,
    events,
    leadership,
    holdRequest,
    registry,
    pass,
    putPod,
    removePod: (namespace: string, name: string) => server.remove(PODS, { namespace, name }),
    putPolicy(name: string, spec: unknown) {
      const before = server.objects(POLICIES).find(({ metadata }) => metadata.name === name);
      server.put<PolicyResource>(POLICIES, { ...before, metadata: { ...before?.metadata, name }, spec });
    },
    removePolicy: (name: string) => server.remove(POLICIES, { name }),
    fail(how: (call: Parameters<KubeFaults>[0]) => KubeFault) {
      faults = how;
    },
    /** Writes an archive of `shop/POD/app`, and returns its name. */
    checkpoint(node: string, pod: string): string {
      const createdAt = new Date(clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
      const name = `checkpoint-${pod}_shop-app-${createdAt}.tar`;
      const owner = { namespace: 'shop', pod, container: 'app' };
      agentOf(node).disk.store.put(name, {
        structure: 'complete',
        owner,
        sizeBytes: 1_000,
        mtimeMs: clock.nowMs(),
      });
      agentOf(node).agent.rescan();
      return name;
    },
    archives: () => [...agents.values()].map(({ disk }) => disk.store.files.size),
    /** The rules in force on each node. */
    rules: () =>
      [...agents.values()].map(({ agent }) =>
        agent
          .status()
          .policy.policy.rules.map(({ id }) => id)
          .join(' '),
      ),
    condition(policy: string, type: string): string {
      const object = server.objects(POLICIES).find(({ metadata }) => metadata.name === policy);
      const found = object?.status?.conditions?.find((each) => each.type === type);
      return `${found?.status} ${found?.reason}: ${found?.message}`;
    },
    statusOf: (policy: string) =>
      server.objects(POLICIES).find(({ metadata }) => metadata.name === policy)?.status,
    async stop() {
      stop.abort(new Error('SIGTERM'));
      await ended;
      await Promise.all([...agents.values()].map((agent) => agent.stop()));
    },
  };
  function agentOf(node: string): MemoryAgent {
    const agent = agents.get(node);
    if (agent === undefined) throw new Error(`no node is called ${node}`);
    return agent;
  }
  return plane;
}
