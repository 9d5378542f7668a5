import { RELEASE } from './release.ts';
import type { TestCluster } from './test-cluster.ts';

/** Who leads, as the Lease says. */
export interface Leader {
  readonly pod: string;
  /** Another one at each start of the program. */
  readonly identity: string;
  /** How often the Lease has changed hands. */
  readonly transitions: number;
}

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

/** Reads who leads the controllers; `undefined`: nobody. */
export async function findLeader(cluster: TestCluster): Promise<Leader | undefined> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${RELEASE}/leases/checkpoint-warden-controller`;
  const lease = (await cluster.get(path)) as Lease | undefined;
  const identity = lease?.spec.holderIdentity;
  if (!identity) return undefined;
  const pod = identity.slice(0, identity.lastIndexOf('_'));
  return { pod, identity, transitions: lease?.spec.leaseTransitions ?? 0 };
}

/** A controller's pod. */
export interface ControllerPod {
  readonly name: string;
  readonly node: string;
  readonly ip: string;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly nodeName?: string };
    readonly status?: { readonly podIP?: string };
  }[];
}

/** Lists the controllers' pods. */
export async function controllerPods(cluster: TestCluster): Promise<ControllerPod[]> {
  const path = `/api/v1/namespaces/${RELEASE}/pods?labelSelector=app.kubernetes.io/component=controller`;
  const { items } = (await cluster.get(path)) as PodList;
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName ?? '',
    ip: status?.podIP ?? '',
  }));
}
