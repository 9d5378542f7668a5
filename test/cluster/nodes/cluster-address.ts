import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiAddress } from '../api-client.ts';

/** One node, as processes of this machine see it. */
export interface NodeAddress {
  readonly name: string;
  readonly ip: string;
  /** Process id of its first process: its files are under `/proc/<init>/root`. */
  readonly init: number;
  /** The end of its network cable, in the cluster's network. */
  readonly cable: string;
}

/** Where a running cluster is: all that another process needs to use it and to break it. */
export interface ClusterAddress {
  readonly api: ApiAddress;
  /** A process in the network that the control plane and the cables of the nodes are in. */
  readonly network: number;
  readonly nodes: readonly NodeAddress[];
  /** Holds the log and control files of all daemons: see `daemonFiles`. */
  readonly daemons: string;
}

const FILE = 'cluster.json';

/** Leaves the address of a cluster in its folder. */
export function saveClusterAddress(folder: string, address: ClusterAddress): void {
  writeFileSync(join(folder, FILE), `${JSON.stringify(address, undefined, 2)}\n`);
}

/** Reads what {@link saveClusterAddress} has left. */
export function readClusterAddress(folder: string): ClusterAddress {
  return JSON.parse(readFileSync(join(folder, FILE), 'utf8'));
}
