import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './agent-rig.ts';

/** The program, which wires the agent. Started by its path: nothing here is linked to it. */
export const PROGRAM = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));

/** `checkpoint-warden agent` in a process of its own. */
export interface AgentProcess {
  /** Where its servers listen, `host:port`; the API is empty where it takes no orders. */
  readonly api: string;
  readonly metrics: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM. Returns its exit code. */
  stop(): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/**
 * Starts the real program and waits until it listens.
 *
 * @param flags - by name, without dashes; ports of 0 are chosen by the system
 */
export async function startAgentProcess(flags: Readonly<Record<string, string>>): Promise<AgentProcess> {
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  // Without an environment: a setting from whoever runs the tests would change what is tested.
  const child = spawn(process.execPath, [PROGRAM, 'agent', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {},
  });
  running.add(child);
  const ended = once(child, 'close').then(([exitCode]) => {
    running.delete(child);
    return exitCode as number | null;
  });
  const output: string[] = [];
  const addresses = new Map<unknown, string>();
  createInterface({ input: child.stderr }).on('line', (line) => {
    output.push(line);
    const { msg, name, address, path } = line.startsWith('{') ? JSON.parse(line) : {};
    if (msg === 'listening') addresses.set(name, address);
    if (msg === 'listening on a socket') addresses.set('socket', path);
  });
  await until('the agent listens', () => {
    if (child.exitCode !== null) throw new Error(`the agent has ended:\n${output.join('\n')}`);
    return addresses.size === (flags.listen === undefined ? 2 : 3);
  });
  return {
    api: addresses.get('api') ?? '',
    metrics: addresses.get('metrics') ?? '',
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Ends those that a test has left running. */
export async function killAgentProcesses(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      return closed;
    }),
  );
}
