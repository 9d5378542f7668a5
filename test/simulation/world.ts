import { type SeededRandom, seededRandom } from '@checkpoint-warden/agent/testing';
import { POLICIES } from '@checkpoint-warden/controller/testing';
import { AppError } from '@checkpoint-warden/errors';
import { LEASES, type Lease, NODES, type Node, PODS, type Pod, SECRETS } from '@checkpoint-warden/kube';
import { createMemoryApiServer, type MemoryApiServer } from '@checkpoint-warden/kube/testing';
import { type AgentNode, createAgentNode, startAgent } from './agent-node.ts';
import { type ApiConditions, conditionedApi, FINE } from './api-conditions.ts';
import { type ControllerProcess, startController } from './controller-process.ts';
import { AT_ONCE, createNetworkClient, type Fate } from './network.ts';
import { createOracle, type Oracle, type Sender } from './oracle.ts';
import { AGENT_LABELS, AGENT_PORT, LEASE, NAMESPACE, NODE_NAMES, POOLS } from './stage.ts';
import { createStatistics, type Statistics } from './statistics.ts';
import { createTruth, type Truth } from './truth.ts';
import { type MachineClock, machineClock, type VirtualClock, virtualClock } from './virtual-clock.ts';

/** Where one controller runs: what outlives its process. */
export interface ControllerSlot {
  readonly name: string;
  readonly clock: MachineClock;
  readonly conditions: ApiConditions;
  readonly random: SeededRandom;
  /** Hosts that it cannot reach. */
  readonly unreachable: Set<string>;
  process: ControllerProcess | undefined;
  /** All that ever ran there. */
  readonly processes: ControllerProcess[];
}

/** How the network between controllers and agents is. */
export interface NetworkConditions {
  /** Of calls that meet some fault, in [0, 1]. */
  flaky: number;
}

/** All that there is in one walk. */
export interface World {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly server: MemoryApiServer;
  readonly truth: Truth;
  readonly oracle: Oracle;
  readonly statistics: Statistics;
  readonly nodes: readonly AgentNode[];
  readonly controllers: readonly ControllerSlot[];
  /** Whether controllers are told where the agents are, and do not look for their pods. */
  readonly isFixed: boolean;
  readonly network: NetworkConditions;
  /** Backups of etcd, the oldest first. */
  readonly backups: ReturnType<MemoryApiServer['snapshot']>[];
  /** What old lists are answered from: not of before a restore, which no cache outlives. */
  past: ReturnType<MemoryApiServer['snapshot']> | undefined;
  /** Calls since the start of each minute: what a busy loop would show in. */
  readonly rates: { api: number; agents: number };
  /** Lets time pass, event by event. */
  run(ms: number): Promise<void>;
  /** Changes the API server's state as the rest of the cluster does. */
  change(edit: (server: MemoryApiServer) => void): void;
  startController(slot: ControllerSlot): void;
  startAgent(node: AgentNode): void;
  /** The pod of a node's agent, as the API server is to have it. */
  putAgentPod(node: AgentNode): void;
  fail(what: string): void;
}

const START_MS = Date.UTC(2026, 0, 2);
const API_TIMEOUT_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
/** Shorter than usual, so that more happens. */
const POLL_MS = 5_000;

export function createWorld(seed: number): World {
  const random = seededRandom(seed);
  const streamOf = (name: number) => seededRandom(Math.imul(seed, 0x9e3779b1) + name);
  const networkRandom = streamOf(1);
  const clock = virtualClock(START_MS);
  const resources = [PODS, NODES, LEASES, SECRETS, POLICIES];
  const apiOptions = { clock, resources, requestTimeoutMs: API_TIMEOUT_MS };
  const server = createMemoryApiServer(apiOptions);
  const past = createMemoryApiServer(apiOptions);
  // A server takes over from a backup only the resources that it has had to do with.
  for (const resource of resources) past.objects(resource);
  const statistics = createStatistics();
  const truth = createTruth(server, clock);
  const oracle = createOracle({ truth, monotonicMs: clock.monotonicMs, statistics });
  const network: NetworkConditions = { flaky: 0 };
  const rates = { api: 0, agents: 0 };
  const nodes = NODE_NAMES.slice(0, 2 + random.below(2)).map((name, index) =>
    createAgentNode(name, machineClock(clock), `10.0.0.${index + 1}:${AGENT_PORT}`),
  );
  const isFixed = random.below(4) === 0;
  const fixedAgents = isFixed
    ? nodes.map(({ name, host }) => ({ node: name, url: `https://${host}`, origin: '--agent' }))
    : [];
  const controllers = ['a', 'b'].map(
    (name, index): ControllerSlot => ({
      name,
      clock: machineClock(clock),
      conditions: { ...FINE },
      random: streamOf(2 + index),
      unreachable: new Set(),
      process: undefined,
      processes: [],
    }),
  );

  function fail(what: string): void {
    oracle.violations.push(`${Math.round(clock.monotonicMs())} ms: ${what}`);
  }

  /**
   * Two may lead at once only where the Lease of the first was undone, and not for long: its own renew deadline, in which a
   * restore may let a resourceVersion come twice and it writes over the Lease of the second, and then the deadline of that one,
   * which finds out when it renews. Agents obey the later epoch of the two all the while.
   */
  function judgeLeaders(): void {
    const leaders = controllers.flatMap(({ process }) =>
      process?.term?.signal.aborted === false && !process.gate.crashed && !process.gate.paused
        ? [process.identity]
        : [],
    );
    if (leaders.length < 2 || clock.monotonicMs() - truth.restoredMs <= 2 * RENEW_DEADLINE_MS) return;
    fail(`${leaders.join(' and ')} lead at once`);
  }

  function fateOf(slot: ControllerSlot, host: string): Fate {
    rates.agents += 1;
    if (slot.unreachable.has(host)) {
      statistics.count('network', 'cut off');
      return { requestMs: undefined, answerMs: undefined };
    }
    if (network.flaky === 0 || networkRandom.next() >= network.flaky) return AT_ONCE;
    const [name, fate] = networkRandom.pick(FATES)(networkRandom);
    statistics.count('network', name);
    return fate;
  }

  function callOf(slot: ControllerSlot, process: () => ControllerProcess | undefined) {
    return (term: () => Sender['term']) => {
      const memo: { sender: Sender | undefined } = { sender: undefined };
      const senderNow = (): Sender => {
        const identity = `${slot.name}-${slot.processes.length}`;
        memo.sender =
          memo.sender?.term === term() && memo.sender !== undefined
            ? memo.sender
            : { identity, term: term(), blindSpans: () => process()?.watches.blindSpans() ?? [] };
        return memo.sender;
      };
      return (request: Parameters<ReturnType<typeof createNetworkClient>>[0]) => {
        const sender = senderNow();
        return createNetworkClient({
          clock,
          fate: (host) => fateOf(slot, host),
          deliver(host, call) {
            const node = nodes.find((each) => each.host === host);
            if (node?.agent === undefined)
              throw new AppError('CW_ERR_UNREACHABLE', `${host}: connection refused`, { retryable: true });
            const answer = node.agent.call(call);
            oracle.delivered(node, call, answer, sender);
            return answer;
          },
        })(request);
      };
    };
  }

  const world: World = {
    seed,
    random,
    clock,
    server,
    truth,
    oracle,
    statistics,
    nodes,
    controllers,
    isFixed,
    network,
    backups: [],
    past: undefined,
    rates,
    run: (ms) =>
      clock.run(ms, () => {
        truth.observeLease();
        judgeLeaders();
      }),
    change(edit) {
      edit(server);
      truth.observe();
    },
    startController(slot) {
      const identity = `${slot.name}-${slot.processes.length + 1}`;
      const { api, isImpaired } = conditionedApi({
        server,
        old: lazily(() => {
          past.restore(world.past ?? server.snapshot());
          return past.client();
        }),
        conditions: slot.conditions,
        random: slot.random,
        onCall({ verb }, fault) {
          if (fault === undefined) rates.api += 1;
          else statistics.count('api', `${fault} (${verb})`);
        },
      });
      const process: ControllerProcess = startController(identity, {
        api,
        isImpaired,
        call: callOf(slot, () => process),
        clock: slot.clock,
        random: slot.random.next,
        fixedAgents,
        pollIntervalMs: POLL_MS,
        onLeading: () => statistics.count('leaders', 'leaderships'),
        onFailure: (error) => fail(`controller ${identity} ended: ${(error as Error).stack}`),
      });
      slot.process = process;
      slot.processes.push(process);
    },
    startAgent: (node) => startAgent(node, random, oracle.hooksFor(node)),
    putAgentPod(node) {
      const [podIP = ''] = node.host.split(':');
      const pod: Pod = {
        metadata: { name: `agent-${node.name}`, namespace: NAMESPACE, labels: AGENT_LABELS },
        spec: { nodeName: node.name, containers: [{ name: 'agent' }] },
        status: { phase: 'Running', podIP },
      };
      world.change(() => server.put(PODS, pod));
    },
    fail,
  };

  for (const { name } of nodes) {
    server.put<Node>(NODES, { metadata: { name, labels: { pool: random.pick(POOLS) } } });
  }
  return world;
}

/** A client that is made anew for each list. */
function lazily(make: () => ReturnType<MemoryApiServer['client']>): ReturnType<MemoryApiServer['client']> {
  return new Proxy({} as ReturnType<MemoryApiServer['client']>, {
    get: (_, name) => Reflect.get(make(), name),
  });
}

const FATES: readonly ((random: SeededRandom) => readonly [string, Fate])[] = [
  () => ['request lost', { requestMs: undefined, answerMs: undefined }],
  () => ['answer lost', { requestMs: 0, answerMs: undefined }],
  (random) => ['request late', { requestMs: latency(random), answerMs: 0 }],
  (random) => ['answer late', { requestMs: 0, answerMs: latency(random) }],
  (random) => ['both late', { requestMs: latency(random), answerMs: latency(random) }],
  (random) => ['sent twice', { ...AT_ONCE, copyMs: latency(random) }],
];

/** From what is usual to what arrives long after its sender gave up. */
function latency(random: SeededRandom): number {
  return random.pick([5, 200, 2_000, 7_000, 9_000, 25_000, 60_000]);
}

/** The Lease as the API server has it. */
export function leaseOf({ server }: World): Lease | undefined {
  return server.objects<Lease>(LEASES).find(({ metadata }) => metadata.name === LEASE.name);
}
