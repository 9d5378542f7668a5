import type { TestCluster } from '../harness/test-cluster.ts';

/** One of `kubernetes_sd_configs`, for pods. */
export interface Discovery {
  readonly role: string;
  readonly namespaces: { readonly names: readonly [string] };
  readonly selectors: readonly [{ readonly role: string; readonly label: string }];
}

/** As in a file for `file_sd_configs`. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly spec: {
      readonly nodeName?: string;
      readonly containers: readonly {
        readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
      }[];
    };
    readonly status: { readonly phase: string; readonly podIP?: string };
  }[];
}

/**
 * Finds what Prometheus finds with role `pod`: a target for each port of each container of the pods.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod for the labels
 */
export async function discoverPods(
  cluster: TestCluster,
  discovery: Discovery,
): Promise<readonly TargetGroup[]> {
  const [namespace] = discovery.namespaces.names;
  const [{ label }] = discovery.selectors;
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(label)}`;
  const { items } = (await cluster.get(path)) as PodList;
  return items.flatMap(({ metadata, spec, status }) =>
    spec.containers
      .flatMap(({ ports = [] }) => ports)
      .flatMap(({ name, containerPort }) =>
        status.podIP === undefined
          ? []
          : [
              {
                targets: [`${status.podIP}:${containerPort}`],
                labels: {
                  __meta_kubernetes_namespace: metadata.namespace,
                  __meta_kubernetes_pod_name: metadata.name,
                  __meta_kubernetes_pod_node_name: spec.nodeName ?? '',
                  __meta_kubernetes_pod_phase: status.phase,
                  __meta_kubernetes_pod_container_port_name: name,
                },
              },
            ],
      ),
  );
}
