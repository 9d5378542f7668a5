import type { TestProject } from 'vitest/node';
import { type ClusterAddress, readClusterAddress } from '../cluster/nodes/cluster-address.ts';
import { startTestCluster } from './start-test-cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the cluster that all scenarios of a run share, one after the other. */
    readonly cluster: ClusterAddress;
  }
}

/** Starts the cluster for a run of the scenarios, or takes the one that `WARDEN_DEV_CLUSTER` names (`npm run cluster`). */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  if (process.env.WARDEN_DEV_CLUSTER) {
    project.provide('cluster', readClusterAddress(process.env.WARDEN_DEV_CLUSTER));
    return async () => {};
  }
  const cluster = await startTestCluster(process.env);
  project.provide('cluster', cluster.address);
  return cluster.close;
}
