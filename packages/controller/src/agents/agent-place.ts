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

/** A pod of the agents' DaemonSet that can be called. */
export interface AgentPod {
  readonly node: string;
  readonly ip: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly isReady: boolean;
}

/** @returns `undefined` for a pod that has no node or address yet, has ended or is about to */
export function slimAgentPod({ metadata, spec, status }: Pod): AgentPod | undefined {
  const { nodeName: node } = spec ?? {};
  const { podIP: ip, phase, conditions } = status ?? {};
  if (node === undefined || ip === undefined || phase !== 'Running') return undefined;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const isReady = conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false;
  return { node, ip, name: metadata.name, createdAt: metadata.creationTimestamp ?? '', isReady };
}

/**
 * The agents by node. Fixed ones win over pods; of two pods on one node, which a rolling update may have for a moment, the
 * younger.
 */
export function placeAgents(
  pods: Iterable<AgentPod | undefined>,
  port: number,
  fixed: readonly AgentPlace[],
): ReadonlyMap<string, AgentPlace> {
  const youngest = new Map<string, AgentPod>();
  for (const pod of pods) {
    if (pod === undefined) continue;
    const other = youngest.get(pod.node);
    if (other === undefined || `${pod.createdAt} ${pod.name}` > `${other.createdAt} ${other.name}`)
      youngest.set(pod.node, pod);
  }
  const places = new Map<string, AgentPlace>();
  for (const { node, ip, name, isReady } of youngest.values()) {
    const host = ip.includes(':') ? `[${ip}]` : ip;
    places.set(node, { node, url: `https://${host}:${port}`, origin: `pod ${name}`, isReady });
  }
  for (const place of fixed) places.set(place.node, place);
  return places;
}
