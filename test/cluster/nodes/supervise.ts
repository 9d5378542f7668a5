import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Daemon, startDaemon } from '../daemon.ts';

/** A daemon that is started again whenever it ends, as an init system or a static pod does. */
export interface Supervised {
  readonly name: string;
  /** Process id of the command. */
  pid(): number;
  /** How often it has ended. */
  endings(): number;
  logTail(): string;
  /** Ends it for good, at once. */
  end(): Promise<void>;
}

const POLL_MS = 50;
const RESTART_AFTER_MS = 500;

/** Files by which processes other than the one that supervises a daemon end it and hold it. */
export function daemonFiles(folder: string, name: string) {
  return {
    /** Holds the process id while it runs. */
    pid: join(folder, `${name}.pid`),
    /** While this file is there, the daemon is not started again. */
    hold: join(folder, `${name}.hold`),
    log: join(folder, `${name}.log`),
  };
}

/** Starts and supervises a daemon, with its {@link daemonFiles} in `folder`. It ends with this process. */
export function supervise(name: string, command: readonly string[], folder: string): Supervised {
  const files = daemonFiles(folder, name);
  const [program = '', ...args] = command;
  let endings = 0;
  let over = false;
  let daemon: Daemon = start();

  function start(): Daemon {
    const started = startDaemon(program, args, files.log);
    writeFileSync(files.pid, `${started.pid}\n`);
    return started;
  }

  const supervision = (async () => {
    while (!over) {
      await daemon.done;
      if (over) return;
      endings += 1;
      rmSync(files.pid, { force: true });
      await wait(RESTART_AFTER_MS);
      while (!over && existsSync(files.hold)) await wait(POLL_MS);
      if (!over) daemon = start();
    }
  })();

  return {
    name,
    pid: () => daemon.pid,
    endings: () => endings,
    logTail: () => daemon.logTail(),
    async end() {
      over = true;
      await daemon.end('SIGKILL');
      await supervision;
    },
  };
}
