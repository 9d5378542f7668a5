import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { ApiAddress } from '../api-client.ts';
import { issueUser } from '../credentials.ts';
import { startDaemon } from '../daemon.ts';
import { isRunning } from '../is-running.ts';
import { kubeconfigText } from '../kubeconfig.ts';
import { waitUntil } from '../wait-until.ts';
import { removeCgroups } from './cgroups.ts';
import type { NodeAddress } from './cluster-address.ts';
import { INSIDE_URL } from './control-plane.ts';
import { plugIn } from './network.ts';
import { NODE_CREDENTIALS, type NodePlan, nodeDaemons, nodeFiles } from './node-files.ts';
import { type Supervised, supervise } from './supervise.ts';
import { untilDaemonsDo } from './until-daemons-do.ts';

/** What {@link startNode} needs. */
export interface NodeOptions {
  readonly plan: NodePlan;
  readonly assets: string;
  readonly rootfs: string;
  readonly images: readonly string[];
  readonly sandboxImage: string;
  /** For the files of the daemons. */
  readonly daemons: string;
  /** A process in the network of the cluster. */
  readonly network: number;
  /** Takes what is to be ended with the cluster. */
  readonly onEnd: (end: () => Promise<void>) => void;
}

/** A machine with containerd and images, that is not in a cluster yet. */
export interface ClusterNode {
  readonly address: NodeAddress;
  /** Starts the kubelet and kube-proxy, and returns them. */
  join(api: ApiAddress): Promise<readonly Supervised[]>;
}

/** What to put before a command to have it run on a node. */
export function enterNode(init: number): string[] {
  return ['nsenter', `--target=${init}`, '--mount', '--pid', '--net', '--uts', '--ipc', '--'];
}

/** Makes a node and starts containerd there. */
export async function startNode(options: NodeOptions): Promise<ClusterNode> {
  const { plan, onEnd } = options;
  const init = await makeMachine(options);
  const root = `/proc/${init}/root`;
  const cable = await plugIn(options.network, init, plan);
  await writeFiles(root, nodeFiles(plan, options.sandboxImage));

  const commands = nodeDaemons(plan);
  const start = (name: keyof typeof commands) => {
    // nsenter is the parent of the command, not the command itself: with the one, the other has to end.
    const command = [...enterNode(init), 'setpriv', '--pdeathsig', 'KILL', '--', ...commands[name]];
    const daemon = supervise(`${name}-${plan.name}`, command, options.daemons);
    onEnd(daemon.end);
    return daemon;
  };
  const containerd = start('containerd');
  await untilDaemonsDo([containerd], `containerd answers on ${plan.name}`, async () => {
    execFileSync('nsenter', [...enterNode(init).slice(1), 'ctr', 'version'], { stdio: 'ignore' });
    return true;
  });
  for (const image of options.images) await importImage(init, image);

  return {
    address: { name: plan.name, ip: plan.ip, init, cable },
    async join(api) {
      const authority = join(api.credentials, 'ca.crt');
      const kubelet = { user: `system:node:${plan.name}`, groups: ['system:nodes'] };
      const proxy = { user: 'system:kube-proxy', groups: [] };
      await writeFiles(root, {
        [NODE_CREDENTIALS.authority]: readFileSync(authority, 'utf8'),
        [NODE_CREDENTIALS.kubelet]: kubeconfigText(INSIDE_URL, await issueUser(api.credentials, kubelet)),
        [NODE_CREDENTIALS.proxy]: kubeconfigText(INSIDE_URL, await issueUser(api.credentials, proxy)),
      });
      return [containerd, start('kubelet'), start('kube-proxy')];
    },
  };
}

/** @returns the process id of the first process of the new machine */
async function makeMachine({ plan, assets, rootfs, daemons, onEnd }: NodeOptions): Promise<number> {
  const folder = join(daemons, plan.name);
  await mkdir(folder);
  const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc', '--propagation', 'private'];
  const script = fileURLToPath(new URL('node.sh', import.meta.url));
  const machine = startDaemon(
    'unshare',
    [...namespaces, '--fork', '--kill-child', '--', 'bash', script, rootfs, folder, assets, plan.name],
    join(daemons, `${plan.name}.log`),
  );
  let init: number | undefined;
  onEnd(async () => {
    const containers = init === undefined ? [] : runningContainers(init);
    await machine.end('SIGKILL');
    // The kernel ends what is in there just after that.
    if (init !== undefined) await untilGone(init);
    removeCgroups(containers);
  });
  init = await waitUntil(
    () => {
      const [child] = childrenOf(machine.pid);
      return child !== undefined && existsSync(`/proc/${child}/root/run/node-is-made`) ? child : undefined;
    },
    {
      what: `${plan.name} is made\n${machine.logTail()}`,
      withinMs: 30_000,
      hopeless: () => machine.ended() && `node.sh ${machine.ended()}\n${machine.logTail()}`,
    },
  );
  return init;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function runningContainers(init: number): string[] {
  const tasks = `/proc/${init}/root/run/containerd/io.containerd.runtime.v2.task/k8s.io`;
  return existsSync(tasks) ? readdirSync(tasks) : [];
}

async function untilGone(pid: number): Promise<void> {
  await waitUntil(() => !isRunning(pid), { what: `process ${pid} is gone`, withinMs: 30_000 });
}

async function writeFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { mode: 0o600 });
  }
}

async function importImage(init: number, archive: string): Promise<void> {
  const [program = '', ...enter] = enterNode(init);
  const child = spawn(program, [...enter, 'ctr', '--namespace', 'k8s.io', 'images', 'import', '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const [stderr, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'close'),
    pipeline(createReadStream(archive), child.stdin).catch(() => {}), // its exit code says more
  ]);
  if (code !== 0) throw new Error(`containerd does not take the image ${archive}: ${stderr}`);
}
