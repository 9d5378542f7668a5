import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** A run that cannot go on, with a message for the person who started it. */
export class ToolchainError extends Error {}

/** @typedef {{ pid: number, foreground: boolean }} Child */

/** @type {Set<Child>} */
const children = new Set();

/** @type {NodeJS.Signals | undefined} */
let stoppedBy;

/** Ctrl-C under `npm run` arrives twice at once, from the terminal and from npm: that is not a second wish. */
const SAME_SIGNAL_MS = 1_000;

/**
 * Runs a command to its end.
 *
 * A command gets a process group of its own, so that a signal also reaches what it has started. The exception is
 * `foreground`: a program that reads from the terminal has to stay in the terminal's group.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env: NodeJS.ProcessEnv, output?: 'show' | 'capture', foreground?: boolean }} options
 * @returns {Promise<{ code: number, output: string }>} 127 when there is no such command, 128 + n after signal n
 */
export function run(command, args, { cwd, env, output: mode = 'show', foreground = false }) {
  if (stoppedBy) return Promise.resolve({ code: 128 + constants.signals[stoppedBy], output: '' });
  return new Promise((resolve) => {
    const stdio = mode === 'show' ? 'inherit' : 'pipe';
    const started = spawn(command, args, {
      cwd,
      env,
      stdio: [foreground ? 'inherit' : 'ignore', stdio, stdio],
      detached: !foreground,
    });
    const child = { pid: started.pid ?? 0, foreground };
    if (started.pid) children.add(child);

    let output = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    started.once('error', (error) => {
      if (mode === 'show') console.error(error.message);
      resolve({ code: 127, output: `${error.message}\n` });
    });
    started.once('close', (code, signal) => {
      children.delete(child);
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), output });
    });
  });
}

/**
 * @param {Child} child
 * @param {NodeJS.Signals} signal
 */
function send(child, signal) {
  // What is typed at the terminal reaches its whole foreground group without us.
  if (child.foreground && signal === 'SIGINT' && process.stdin.isTTY) return;
  try {
    process.kill(child.foreground ? child.pid : -child.pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error; // it has ended by itself
  }
}

/**
 * Runs `task`, hands SIGINT, SIGTERM and SIGHUP on to every command it has running (a later second one kills them) and ends
 * this process as the signal would have.
 *
 * @param {() => Promise<number>} task its exit code
 */
export async function withSignals(task) {
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  let stoppedAt = 0;
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    if (stoppedBy && Date.now() - stoppedAt < SAME_SIGNAL_MS) return;
    for (const child of children) send(child, stoppedBy ? 'SIGKILL' : signal);
    stoppedBy ??= signal;
    stoppedAt = Date.now();
  };
  for (const signal of signals) process.on(signal, stop);
  process.once('exit', () => {
    for (const child of children) send(child, 'SIGTERM');
  });

  try {
    process.exitCode = await task();
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    if (!stoppedBy) console.error(`\ntoolchain: ${error.message}`);
    process.exitCode = 1;
  }
  for (const signal of signals) process.off(signal, stop);
  if (stoppedBy) process.kill(process.pid, stoppedBy);
}
