import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** A program that runs until it is ended, and no longer than the process that started it. */
export interface Daemon {
  readonly pid: number;
  readonly logFile: string;
  /** How it ended, as long as it runs `undefined`. */
  readonly ended: () => string | undefined;
  /** Resolves when it has ended. */
  readonly done: Promise<void>;
  /** The end of its log, for the message of an error. */
  logTail(): string;
  /** Sends the signal, and returns when the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

const LOG_LINES = 25;

/**
 * Starts a program whose output goes to the end of a file. The kernel kills it when this process, or the thread of it that
 * called this, ends in whatever way (`PR_SET_PDEATHSIG` of prctl(2)).
 */
export function startDaemon(command: string, args: readonly string[], logFile: string): Daemon {
  const log = openSync(logFile, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let end: string | undefined;
  const done = new Promise<void>((resolve) => {
    const endWith = (how: string) => {
      end = how;
      resolve();
    };
    child.once('error', (error) => endWith(error.message));
    child.once('exit', (code, signal) =>
      endWith(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    );
  });
  return {
    pid: child.pid ?? 0,
    logFile,
    ended: () => end,
    done,
    logTail: () => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n'),
    async end(signal) {
      if (end === undefined) child.kill(signal);
      await done;
    },
  };
}
