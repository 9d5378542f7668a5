import type { Pod } from '@checkpoint-warden/kube';

/** Where the agent of a node is. */
export interface AgentPlace {
  readonly node: string;
  /** `https://host:port`, without a path. */
  readonly url: string;
  /** For people: the pod's name, or the flag that gave it. */
  readonly origin: string;
}

/** A pod of the agents' DaemonSet that can be called. */
export interface AgentPod {
  readonly node: string;
  readonly ip: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** @returns `undefined` for a pod that has no node or address yet, has ended or is about to */
export function slimAgentPod({ metadata, spec, status }: Pod): AgentPod | undefined {
  const { nodeName: node } = spec ?? {};
  const { podIP: ip, phase } = status ?? {};
  if (node === undefined || ip === undefined || phase !== 'Running') return undefined;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  return { node, ip, name: metadata.name, createdAt: metadata.creationTimestamp ?? '' };
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
  for (const { node, ip, name } of youngest.values()) {
    const host = ip.includes(':') ? `[${ip}]` : ip;
    places.set(node, { node, url: `https://${host}:${port}`, origin: `pod ${name}` });
  }
  for (const place of fixed) places.set(place.node, place);
  return places;
}
