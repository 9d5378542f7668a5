import type { TestCluster } from './test-cluster.ts';

/** What is looked at of the status of a policy. */
export interface PolicyStatus {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly nodes?: { readonly desired: number; readonly ready: number; readonly current: number };
  readonly archives?: {
    readonly count: number;
    readonly pinned: number;
    readonly incomplete: number;
    readonly unattributed: number;
    readonly orphaned: number;
  };
  readonly deleted?: { readonly count: number };
}

/** Reads the status of a policy, as `kubectl get ckrp` shows it. */
export async function policyStatus(cluster: TestCluster, name: string): Promise<PolicyStatus> {
  const path = `/apis/checkpoint-warden.dev/v1alpha1/checkpointretentionpolicies/${name}`;
  const policy = (await cluster.get(path)) as { readonly status?: PolicyStatus } | undefined;
  return policy?.status ?? {};
}

/** One condition of a status, as `TYPE=STATUS REASON: MESSAGE`. */
export function conditionOf(status: PolicyStatus, type: string): string {
  const found = status.conditions?.find((condition) => condition.type === type);
  return found === undefined ? `no ${type}` : `${type}=${found.status} ${found.reason}: ${found.message}`;
}
