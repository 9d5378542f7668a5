import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, inject, it, onTestFinished } from 'vitest';
import { isRunning } from '../../cluster/is-running.ts';
import type { ClusterAddress } from '../../cluster/nodes/cluster-address.ts';
import { INSIDE_URL } from '../../cluster/nodes/control-plane.ts';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import { provideRootfs } from '../../cluster/nodes/provide-rootfs.ts';
import { openTestCluster } from '../harness/test-cluster.ts';
import { waitFor } from '../harness/wait-for.ts';

// What the scenarios count on: that the harness breaks and mends what it says.

const cluster = await openTestCluster(inject('cluster'));
afterAll(() => cluster.close());
const node = cluster.node('node2');

async function isReady(): Promise<string> {
  const ready = '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  return cluster.kubectl(['get', 'node', node.name, ready]);
}

// On kind nothing can stop the daemons: only on a cluster of ours.
it.runIf(cluster.isOurs)('takes the API server away and brings it back with what was stored', async () => {
  onTestFinished(() => cluster.apiServer.start());
  await cluster.apiServer.stop();
  await expect(cluster.admin.send('GET', '/readyz')).rejects.toThrow();
  await cluster.apiServer.start();
  await waitFor('the node is ready for the API server', async () => (await isReady()) === 'True');
});

// On kind nothing can stop the daemons: only on a cluster of ours.
it.runIf(cluster.isOurs)('cuts a node off and plugs it in again', async () => {
  onTestFinished(() => node.plugIn());
  const { hostname, port } = new URL(INSIDE_URL);
  const reachApiServer = () => node.run('timeout', '2', 'bash', '-c', `</dev/tcp/${hostname}/${port}`);
  reachApiServer();
  node.unplug();
  expect(reachApiServer).toThrow();
  node.plugIn();
  await waitFor('the node reaches the API server again', () => reachApiServer() === '');
});

// On kind nothing can stop the daemons: only on a cluster of ours.
it.runIf(cluster.isOurs)('has killed daemons start again, and stopped ones when they are to', async () => {
  onTestFinished(() => node.kubelet.start());
  await node.containerd.kill();
  await node.kubelet.stop();
  await waitFor('containerd answers again, and there is one', () => {
    node.run('ctr', 'version'); // fails while nobody answers
    // Not counting the killed one, where nobody has asked yet how it ended.
    return node.run('pgrep', '-c', '-x', '-r', 'D,R,S', 'containerd') === '1\n';
  });
});

it('makes the disk of the checkpoint directory small', () => {
  onTestFinished(() => node.restoreCheckpointDisk());
  const size = () => node.run('df', '--output=size', '-B1', CHECKPOINT_DIR).split('\n')[1]?.trim();
  const before = size();
  node.resizeCheckpointDisk(2 ** 20);
  expect(size()).toBe(String(2 ** 20));
  node.restoreCheckpointDisk();
  expect(size()).toBe(before);
});

// On kind nothing can stop the daemons: only on a cluster of ours.
it.runIf(cluster.isOurs)('ends with the process that started it, also when that is killed', async () => {
  const options = {
    assets: cluster.address.api.assets,
    rootfs: await provideRootfs(process.env),
    images: [],
    sandboxImage: 'none', // no pods here
  };
  const script = `
    import { startCluster } from ${JSON.stringify(new URL('../../cluster/nodes/start-cluster.ts', import.meta.url).href)};
    console.log(JSON.stringify((await startCluster(${JSON.stringify(options)})).address));
  `;
  const TMPDIR = mkdtempSync(join(tmpdir(), 'checkpoint-warden-killed-')); // its files are left behind there
  onTestFinished(() => rmSync(TMPDIR, { recursive: true }));
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, TMPDIR },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(parent.stdout), 'line');
  const { network, nodes }: ClusterAddress = JSON.parse(line);
  const pids = [network, ...nodes.map(({ init }) => init)];
  const running = () => pids.filter(isRunning);
  expect(running()).toEqual(pids);
  parent.kill('SIGKILL');
  await waitFor('the network and the nodes are gone', () => running().length === 0);
  // Whatever ran with those files.
  const left = () => spawnSync('pgrep', ['--full', TMPDIR], { encoding: 'utf8' }).stdout;
  await waitFor('no process of it is left', () => left() === '');
});
