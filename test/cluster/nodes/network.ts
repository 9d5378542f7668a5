import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { waitUntil } from '../wait-until.ts';
import type { NodePlan } from './node-files.ts';

/** The address of the control plane, where the API server listens and nodes send what is for other nodes. */
export const GATEWAY_IP = '10.99.0.1';

const BRIDGE = 'br0';

/** What to put before a command to have it run in the network of a process. */
export function enterNetwork(pid: number): string[] {
  return ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
}

/** The addresses of the n-th node, from 0. */
export function planNode(name: string, index: number): NodePlan {
  return { name, ip: `10.99.0.${11 + index}`, podCidr: `10.244.${1 + index}.0/24` };
}

/** Makes the network that all nodes are plugged into, in the namespace that a process gets or has got. */
export async function makeNetwork(pid: number): Promise<void> {
  await untilItsOwn(pid);
  ip(pid, [
    'link set lo up',
    `link add ${BRIDGE} type bridge`,
    `addr add ${GATEWAY_IP}/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ]);
  forwardPackets(pid);
}

/**
 * Plugs a node in.
 *
 * @param network a process in the network
 * @param init the first process of the node
 * @returns the end of the cable that is in the network: while that is down, the node is cut off
 */
export async function plugIn(network: number, init: number, plan: NodePlan): Promise<string> {
  await untilItsOwn(init);
  const cable = `cable-${plan.name}`;
  ip(network, [
    `link add ${cable} type veth peer name eth0 netns ${init}`,
    `link set ${cable} master ${BRIDGE} up`,
    `route add ${plan.podCidr} via ${plan.ip}`,
  ]);
  ip(init, [
    'link set lo up',
    `addr add ${plan.ip}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${GATEWAY_IP}`,
  ]);
  forwardPackets(init);
  return cable;
}

/** A process that is told to make a namespace has it a moment after its start. */
async function untilItsOwn(pid: number): Promise<void> {
  await waitUntil(() => readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net'), {
    what: `process ${pid} has a network namespace of its own`,
    withinMs: 10_000,
  });
}

function ip(pid: number, commands: readonly string[]): void {
  const [program = '', ...args] = [...enterNetwork(pid), 'ip', '-batch', '-'];
  execFileSync(program, args, { input: `${commands.join('\n')}\n`, stdio: ['pipe', 'pipe', 'pipe'] });
}

function forwardPackets(pid: number): void {
  const [program = '', ...args] = [
    ...enterNetwork(pid),
    'sh',
    '-c',
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
  ];
  execFileSync(program, args);
}
