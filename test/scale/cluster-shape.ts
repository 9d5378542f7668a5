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
const MAX_OWNERS = 30;

const NAMESPACES = 500;
const CONTAINERS = ['app', 'sidecar', 'proxy'];
/** One pod in so many is one of a trial; the others stay. */
const TRIAL_EVERY = 7;

export function namespaceNames({ pods }: ClusterSize): string[] {
  return Array.from({ length: Math.min(NAMESPACES, pods) }, (_, index) => `team-${index}`);
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
export function podAt(index: number): SimulatedPod {
  const suffix = (index * 2_654_435_761) % 4_294_967_296;
  return {
    namespace: `team-${index % NAMESPACES}`,
    pod: `service-${index % 40}-${suffix.toString(36).padStart(7, '0')}-${index}`,
    containers: CONTAINERS.slice(0, 1 + (index % CONTAINERS.length)),
  };
}

/** The pod of trial number `trial`, held by so many agents. */
export function trialOf(trial: number, holders: number, { agents }: ClusterSize): Trial {
  return {
    pod: podAt(trial * TRIAL_EVERY),
    holders: Array.from({ length: holders }, (_, holder) => (trial * 97 + holder * 31) % agents),
  };
}

/** The pods that an agent holds archives of beside those of trials: from none to {@link MAX_OWNERS}. */
export function podsHeldBy(agent: number, { pods }: ClusterSize): SimulatedPod[] {
  const count = (agent * 7) % (MAX_OWNERS + 1);
  const lasting = Math.floor(pods / TRIAL_EVERY) * (TRIAL_EVERY - 1);
  return Array.from({ length: count }, (_, slot) => {
    const place = (agent * MAX_OWNERS + slot) % lasting;
    return podAt(place + Math.floor(place / (TRIAL_EVERY - 1)) + 1);
  });
}
