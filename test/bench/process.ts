import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process the bench has started. */
export interface RunningProcess {
  readonly pid: number;
  /** Resolves with the next line it writes, to either stream, that holds this text. Rejects when it ends before that. */
  nextLine(text: string): Promise<string>;
  /** Sends a line to its input. */
  send(line: string): void;
  /** Asks it to end and waits for that. */
  stop(): Promise<void>;
  kill(): void;
  /** Resolves with its exit code, or 1 after a signal, when it has ended. */
  readonly ended: Promise<number>;
}

interface Waiting {
  readonly text: string;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** Lines that are shown of a process that has ended too early. */
const LAST_LINES = 20;

/** @param env - more of the environment than this process has */
export function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProcess {
  const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } });
  const waiting = new Set<Waiting>();
  const lastLines: string[] = [];
  let hasEnded = false;

  const onLine = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > LAST_LINES) lastLines.shift();
    for (const waiter of waiting) {
      if (!line.includes(waiter.text)) continue;
      waiting.delete(waiter);
      waiter.resolve(line);
    }
  };
  createInterface({ input: child.stdout }).on('line', onLine);
  createInterface({ input: child.stderr }).on('line', onLine);
  child.stdin.on('error', () => {}); // it has ended, which whoever waits for it is told

  const endedEarly = (text: string): Error =>
    new Error(`it ended before it said "${text}": ${command} ${args.join(' ')}\n${lastLines.join('\n')}`);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      hasEnded = true;
      for (const { text, reject: fail } of waiting) fail(endedEarly(text));
      waiting.clear();
      resolve(code ?? 1);
    });
  });
  return {
    pid: child.pid ?? 0,
    nextLine: (text) =>
      hasEnded
        ? Promise.reject(endedEarly(text))
        : new Promise((resolve, reject) => waiting.add({ text, resolve, reject })),
    send: (line) => void child.stdin.write(`${line}\n`),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}
