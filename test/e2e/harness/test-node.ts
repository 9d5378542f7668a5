import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterAddress, NodeAddress } from '../../cluster/nodes/cluster-address.ts';
import { enterNetwork } from '../../cluster/nodes/network.ts';
import { enterNode } from '../../cluster/nodes/node.ts';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { makeTestDaemon, type TestDaemon } from './test-daemon.ts';

/** A node of the cluster, to look into and to break. What a scenario breaks it mends, also when it fails. */
export interface TestNode {
  readonly name: string;
  readonly ip: string;
  readonly kubelet: TestDaemon;
  readonly containerd: TestDaemon;
  /** Where a file of the node is for a process of this machine: it reads and writes it there. */
  path(file: string): string;
  /** Names of the archives in the checkpoint directory, sorted. */
  archives(): string[];
  /** Runs a command on the node, as root, and gives what it prints. */
  run(command: string, ...args: string[]): string;
  /** Cuts it off from everything, as if its cable were pulled. */
  unplug(): void;
  plugIn(): void;
  /** Gives the filesystem of the checkpoint directory another size, in bytes. It must be no less than what is in there. */
  resizeCheckpointDisk(bytes: number): void;
  /** Gives it the size that it has otherwise. */
  restoreCheckpointDisk(): void;
}

const CHECKPOINT_DISK_BYTES = 512 * 2 ** 20;

/** Makes a {@link TestNode}. */
export function makeTestNode(cluster: ClusterAddress, address: NodeAddress): TestNode {
  const path = (file: string) => join(`/proc/${address.init}/root`, file);
  const run = (command: string, ...args: string[]) => execute([...enterNode(address.init), command, ...args]);
  const cable = (state: 'up' | 'down') => {
    execute([...enterNetwork(cluster.network), 'ip', 'link', 'set', address.cable, state]);
  };
  const resizeCheckpointDisk = (bytes: number) => {
    run('mount', '-o', `remount,size=${bytes}`, CHECKPOINT_DIR);
  };
  return {
    name: address.name,
    ip: address.ip,
    kubelet: makeTestDaemon(cluster.daemons, `kubelet-${address.name}`),
    containerd: makeTestDaemon(cluster.daemons, `containerd-${address.name}`),
    path,
    archives: () =>
      readdirSync(path(CHECKPOINT_DIR))
        .filter((name) => name.endsWith('.tar'))
        .sort(),
    run,
    unplug: () => cable('down'),
    plugIn: () => cable('up'),
    resizeCheckpointDisk,
    restoreCheckpointDisk: () => resizeCheckpointDisk(CHECKPOINT_DISK_BYTES),
  };
}

function execute([program = '', ...args]: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
