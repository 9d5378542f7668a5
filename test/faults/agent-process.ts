import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '@checkpoint-warden/agent/testing';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll } from 'vitest';

const MAIN = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

/** One line of an agent's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** An agent in a process of its own. */
export interface AgentProcess {
  readonly pid: number;
  /** Its log so far. */
  readonly lines: readonly LogLine[];
  /** Text on its stderr that is no log line. */
  readonly stray: readonly string[];
  /** Waits until it has logged this message `times` times. */
  logged(message: string, times?: number): Promise<void>;
  /** Its exit code, once it has ended; `null` when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** SIGKILL. Returns when the process is gone and its log is read. */
  kill(): Promise<void>;
  /** SIGTERM. Returns its exit code. */
  stop(): Promise<number | null>;
}

/** What to start an agent with. */
export interface AgentProcessOptions {
  readonly checkpointDir: string;
  readonly stateDir: string;
  readonly policyFile: string;
  /** A command that runs the one behind it, e.g. `prlimit --nofile=…`. */
  readonly wrapper?: readonly string[];
}

/** Those that are running, and their ends. */
const running = new Map<ChildProcess, Promise<unknown>>();

let program: string | undefined;

/** Bundles the program, as it is shipped; it starts in a quarter of the time. Ends every agent of a test with the test. */
export function useAgentProcesses(): void {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'checkpoint-warden-program-'));
    program = join(folder, 'checkpoint-warden.mjs');
    await build({
      entryPoints: [MAIN],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      logLevel: 'error',
    });
  });
  afterEach(killAll);
  afterAll(() => rmSync(folder, { recursive: true }));
}

process.once('exit', () => {
  for (const child of running.keys()) child.kill('SIGKILL');
});

async function killAll(): Promise<void> {
  for (const child of running.keys()) child.kill('SIGKILL');
  await Promise.all(running.values());
}

/** Starts the real program. It is ready once it has logged `first scan done`. */
export function startAgentProcess(options: AgentProcessOptions): AgentProcess {
  const { checkpointDir, stateDir, policyFile, wrapper = [] } = options;
  if (program === undefined) throw new Error('useAgentProcesses makes the program');
  const flags = {
    'checkpoint-dir': checkpointDir,
    'state-dir': stateDir,
    'policy-file': policyFile,
    'node-name': 'node-1',
    'metrics-listen': '127.0.0.1:0',
    'scan-interval': '1s',
    'quiet-period': '1s',
    'log-level': 'debug',
  };
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const [command = process.execPath, ...rest] = [...wrapper, process.execPath, program, 'agent', ...args];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    // Nothing of ours: the program refuses settings in the environment that it does not know.
    env: { PATH: process.env.PATH },
  });
  const lines: LogLine[] = [];
  const stray: string[] = [];
  const reader = createInterface({ input: child.stderr });
  reader.on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line));
    else stray.push(line);
  });
  const ended = Promise.all([once(child, 'exit'), once(reader, 'close')]).then(([[exitCode]]) => {
    running.delete(child);
    return exitCode as number | null;
  });
  running.set(child, ended);
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return {
    pid: child.pid ?? 0,
    lines,
    stray,
    ended,
    async logged(message, times = 1) {
      const count = () => lines.filter(({ msg }) => msg === message).length;
      await until(`the agent has logged "${message}"`, () => {
        if (child.exitCode !== null) throw new Error(`the agent has ended: ${describeEnd(lines, stray)}`);
        return count() >= times;
      });
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

function describeEnd(lines: readonly LogLine[], stray: readonly string[]): string {
  return [...lines.slice(-5).map((line) => JSON.stringify(line)), ...stray.slice(-20)].join('\n');
}
