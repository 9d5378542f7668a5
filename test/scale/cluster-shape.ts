/** How large a simulated cluster is. */
export interface ClusterSize {
  /** Nodes, each with an agent. */
  readonly agents: number;
  /** Pods besides those of the agents. */
  readonly pods: number;
}

/** A pod of the simulated cluster, and the container that archives of it were taken from. */
export interface SimulatedPod {
  readonly namespace: string;
  readonly pod: string;
  readonly containers: readonly string[];
}

/** Pods that are there to be deleted, and the agents that hold archives of each. */
export interface Trial {
  readonly pod: SimulatedPod;
  readonly holders: readonly number[];
}

export const AGENTS_NAMESPACE = 'checkpoint-warden';
export const AGENT_LABELS = {
  'app.kubernetes.io/name': 'checkpoint-warden',
  'app.kubernetes.io/component': 'agent',
};
const NODES_OF_NAMESPACE = 20;
const NAMESPACES_OF_NODE = 8;
/** Archives of each pod on each node that has some. */
export const ARCHIVES_OF_POD = 10;
/** One for each time that all nodes get a namespace: so two namespaces seldom lie on the same nodes. */
const STEPS = [1, 7, 11, 13, 17, 19, 23, 29];

const CONTAINERS = ['app', 'sidecar', 'proxy'];
/** One pod in so many is one of a trial; the others stay. */
const TRIAL_EVERY = 7;

/** So many that each node has archives of {@link NAMESPACES_OF_NODE}, and each lies on {@link NODES_OF_NAMESPACE}. */
function countNamespaces({ agents, pods }: ClusterSize): number {
  return Math.min(Math.ceil((agents * NAMESPACES_OF_NODE) / NODES_OF_NAMESPACE), pods);
}

export function namespaceNames(size: ClusterSize): string[] {
  return Array.from({ length: countNamespaces(size) }, (_, index) => `team-${index}`);
}

export function nodeName(agent: number): string {
  return `node-${agent}`;
}

/** All of 127.0.0.0/8 is this machine: every agent has an address of its own, and one process listens on all of them. */
export function agentAddress(agent: number): string {
  return `127.${20 + (agent >> 16)}.${(agent >> 8) & 255}.${agent & 255}`;
}

export function agentAt(address: string): number {
  const [, high = 0, middle = 0, low = 0] = address.split('.').map(Number);
  return ((high - 20) << 16) | (middle << 8) | low;
}

/** Names as Deployments give them. */
export function podAt(index: number, size: ClusterSize): SimulatedPod {
  const suffix = (index * 2_654_435_761) % 4_294_967_296;
  const namespaces = countNamespaces(size);
  const service = (index + Math.floor(index / namespaces)) % 40;
  return {
    namespace: `team-${index % namespaces}`,
    pod: `service-${service}-${suffix.toString(36).padStart(7, '0')}-${index}`,
    containers: CONTAINERS.slice(0, 1 + (index % CONTAINERS.length)),
  };
}

/** The pod of trial number `trial`, held by so many agents. */
export function trialOf(trial: number, holders: number, size: ClusterSize): Trial {
  return {
    pod: podAt(trial * TRIAL_EVERY, size),
    holders: Array.from({ length: holders }, (_, holder) => (trial * 97 + holder * 31) % size.agents),
  };
}

/**
 * The pods that each agent holds archives of, beside those of trials. A namespace lies on {@link NODES_OF_NAMESPACE} nodes, with
 * two pods on each; on every other one there is also one that has moved on to the next. So a node has 20 pods, and of 40 pods of
 * a namespace ten have archives on two nodes.
 */
export function layArchives(size: ClusterSize): SimulatedPod[][] {
  const held: SimulatedPod[][] = Array.from({ length: size.agents }, () => []);
  const namespaces = countNamespaces(size);
  for (let namespace = 0; namespace < namespaces; namespace++) {
    const lasting = lastingPods(namespace, size);
    for (let slot = 0; slot < NODES_OF_NAMESPACE; slot++) {
      const moved = (slot + roundOf(namespace, slot, size)) % 2 === 0 ? [2 * slot + 2] : [];
      for (const place of [2 * slot, 2 * slot + 1, ...moved]) {
        const index = lasting[place % lasting.length];
        if (index !== undefined) held[nodeAt(namespace, slot, size)]?.push(podAt(index, size));
      }
    }
  }
  return held;
}

function nodeAt(namespace: number, slot: number, size: ClusterSize): number {
  const step = STEPS[roundOf(namespace, slot, size)] ?? 1;
  return (placeOf(namespace, slot) * step) % size.agents;
}

function placeOf(namespace: number, slot: number): number {
  return namespace * NODES_OF_NAMESPACE + slot;
}

/** How often all nodes have got a namespace before. */
function roundOf(namespace: number, slot: number, { agents }: ClusterSize): number {
  return Math.floor(placeOf(namespace, slot) / agents);
}

/** Numbers of the pods of a namespace that are of no trial. */
function lastingPods(namespace: number, size: ClusterSize): number[] {
  const indices: number[] = [];
  for (let index = namespace; index < size.pods; index += countNamespaces(size)) {
    if (index % TRIAL_EVERY !== 0) indices.push(index);
  }
  return indices;
}
