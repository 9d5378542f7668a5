import type { Pod } from '@checkpoint-warden/kube';

/** Where the agent of a node is. */
export interface AgentPlace {
  readonly node: string;
  /** `https://host:port`, without a path. */
  readonly url: string;
  /** For people: the pod's name, or the flag that gave it. */
  readonly origin: string;
  /** Whether the kubelet finds that it answers; absent where nobody says so. */
  readonly isReady?: boolean;
}

/** A pod of the agents' DaemonSet on a node. */
export interface AgentPod {
  readonly node: string;
  /** `undefined`: it cannot be called. */
  readonly ip: string | undefined;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly isReady: boolean;
  /** Why it cannot be called, as the kubelet says, e.g. `ContainerCreating`; `undefined`: it can. */
  readonly notRunning: string | undefined;
}

/** @returns `undefined` for a pod that has no node yet or is about to end */
export function slimAgentPod({ metadata, spec, status }: Pod): AgentPod | undefined {
  const { nodeName: node } = spec ?? {};
  if (node === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const { podIP: ip, phase = 'Pending', conditions } = status ?? {};
  const pod = { node, name: metadata.name, createdAt: metadata.creationTimestamp ?? '' };
  if (ip === undefined || phase !== 'Running') {
    const waiting = status?.containerStatuses?.find(({ state }) => state?.waiting?.reason !== undefined);
    return { ...pod, ip: undefined, isReady: false, notRunning: waiting?.state?.waiting?.reason ?? phase };
  }
  const isReady = conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false;
  return { ...pod, ip, isReady, notRunning: undefined };
}

/** Where agents are, and where they should be. */
export interface PlacedAgents {
  /** By node. */
  readonly places: ReadonlyMap<string, AgentPlace>;
  /** Nodes whose agent does not run, and why. */
  readonly idle: ReadonlyMap<string, string>;
}

/**
 * The agents by node. Fixed ones win over pods; of two pods on one node, which a rolling update may have for a moment, one that
 * runs, then the younger.
 */
export function placeAgents(
  pods: Iterable<AgentPod | undefined>,
  port: number,
  fixed: readonly AgentPlace[],
): PlacedAgents {
  const chosen = new Map<string, AgentPod>();
  const rank = ({ ip, createdAt, name }: AgentPod) => `${ip === undefined ? 0 : 1} ${createdAt} ${name}`;
  for (const pod of pods) {
    if (pod === undefined) continue;
    const other = chosen.get(pod.node);
    if (other === undefined || rank(pod) > rank(other)) chosen.set(pod.node, pod);
  }
  const places = new Map<string, AgentPlace>();
  const idle = new Map<string, string>();
  for (const { node, ip, name, isReady, notRunning } of chosen.values()) {
    if (ip === undefined) {
      idle.set(node, `pod ${name} does not run: ${notRunning}`);
      continue;
    }
    const host = ip.includes(':') ? `[${ip}]` : ip;
    places.set(node, { node, url: `https://${host}:${port}`, origin: `pod ${name}`, isReady });
  }
  for (const place of fixed) {
    places.set(place.node, place);
    idle.delete(place.node);
  }
  return { places, idle };
}
