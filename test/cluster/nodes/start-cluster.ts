import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from '../api-client.ts';
import { startDaemon } from '../daemon.ts';
import { removeStaleCgroups } from './cgroups.ts';
import { type ClusterAddress, saveClusterAddress } from './cluster-address.ts';
import { startControlPlane } from './control-plane.ts';
import { openGateway } from './gateway.ts';
import { GATEWAY_IP, makeNetwork, planNode } from './network.ts';
import { startNode } from './node.ts';
import { requireRoot } from './require-root.ts';
import { untilDaemonsDo } from './until-daemons-do.ts';

/** What to make a cluster of. */
export interface ClusterOptions {
  /** A folder with the programs of Kubernetes: see `provideAssets`. */
  readonly assets: string;
  /** The root filesystem of the nodes: see `provideRootfs`. */
  readonly rootfs: string;
  /** Archives of the images that every node has, as `docker save` writes them. */
  readonly images: readonly string[];
  /** The name of the one that keeps the namespaces of a pod. */
  readonly sandboxImage: string;
}

/** A cluster that runs. */
export interface Cluster {
  readonly address: ClusterAddress;
  /** Holds its files; `readClusterAddress` reads the address from there. */
  readonly folder: string;
  readonly admin: ApiClient;
  /** Ends everything and removes what is left of it. */
  close(): Promise<void>;
}

const NODES = ['node1', 'node2'];

/**
 * Starts a Kubernetes cluster of two nodes with containerd and CRIU on this machine, without a container engine: a network
 * namespace for the control plane, and for each node namespaces for mounts, processes and the network. All of it ends with
 * this process, however that ends, and nothing of this machine's network or mounts is changed.
 *
 * @returns when both nodes take pods
 * @throws ToolchainError when this is not root; Error with the ends of logs when something does not start
 */
export async function startCluster({ assets, ...options }: ClusterOptions): Promise<Cluster> {
  requireRoot();
  removeStaleCgroups();
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-cluster-'));
  const daemons = join(folder, 'daemons');
  await mkdir(daemons);
  const ends: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const onEnd = (end: () => Promise<void>) => void ends.push(end);
  const close = async () => {
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  };
  try {
    const holder = startDaemon('unshare', ['--net', '--', 'sleep', 'infinity'], join(daemons, 'network.log'));
    onEnd(() => holder.end('SIGKILL'));
    const network = holder.pid;
    await makeNetwork(network);
    const gateway = await openGateway(network, { host: GATEWAY_IP, port: 6443 });
    onEnd(gateway.close);

    const url = `https://127.0.0.1:${gateway.port}`;
    const api = { url, credentials: join(folder, 'credentials'), assets };
    // The nodes take in their images while the control plane starts.
    const startingNodes = NODES.map((name, index) =>
      startNode({ ...options, assets, plan: planNode(name, index), daemons, network, onEnd }),
    );
    const startingControlPlane = startControlPlane({ api, daemons, folder, network, onEnd });
    // Nothing goes on starting after this has failed.
    await Promise.allSettled([startingControlPlane, ...startingNodes]);
    const controlPlane = await startingControlPlane;
    const nodes = await Promise.all(startingNodes);
    const joined = await Promise.all(nodes.map((node) => node.join(api)));
    const { admin } = controlPlane;
    await untilDaemonsDo(
      [...controlPlane.daemons, ...joined.flat()],
      'both nodes are ready and take pods',
      async () => (await readyNodes(admin)) === NODES.length && (await takesPods(admin)),
    );
    const address = { api, network, nodes: nodes.map((node) => node.address), daemons };
    saveClusterAddress(folder, address);
    return { address, folder, admin, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface NodeList {
  readonly items: readonly {
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

async function readyNodes(admin: ApiClient): Promise<number> {
  const { items } = (await admin.send('GET', '/api/v1/nodes')).body as NodeList;
  const isReady = ({ status }: NodeList['items'][number]) =>
    status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return items.filter(isReady).length;
}

/** Pods are refused before the controller manager has made their service account. */
async function takesPods(admin: ApiClient): Promise<boolean> {
  const account = await admin.send('GET', '/api/v1/namespaces/default/serviceaccounts/default');
  return account.status === 200;
}
