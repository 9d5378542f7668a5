import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { daemonFiles } from '../../cluster/nodes/supervise.ts';
import { waitUntil } from '../../cluster/wait-until.ts';

/** A daemon of the cluster. It is started again half a second after it has ended, whatever ended it. */
export interface TestDaemon {
  readonly name: string;
  /** Kills it. Returns when it is gone. */
  kill(): Promise<void>;
  /** Kills it, and it stays away until `start`. */
  stop(): Promise<void>;
  /** Lets it run again. Returns when its process is there, which is before it answers. */
  start(): Promise<void>;
}

/** Makes a {@link TestDaemon} of one whose files are in `folder`. */
export function makeTestDaemon(folder: string, name: string): TestDaemon {
  const files = daemonFiles(folder, name);
  const runningPid = () => (existsSync(files.pid) ? Number(readFileSync(files.pid, 'utf8')) : undefined);
  const kill = async () => {
    if (!isSupervised(folder, name)) throw new Error(`the tests do not supervise ${name} in this cluster`);
    const pid = runningPid();
    if (pid === undefined) return;
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => runningPid() !== pid, { what: `${name} is gone`, withinMs: 10_000 });
  };
  return {
    name,
    kill,
    async stop() {
      writeFileSync(files.hold, '');
      await kill();
    },
    async start() {
      rmSync(files.hold, { force: true });
      await waitUntil(runningPid, { what: `${name} runs again`, withinMs: 10_000 });
    },
  };
}

/** Whether a cluster lets tests stop a daemon: those of another making than ours do not. */
export function isSupervised(folder: string, name: string): boolean {
  return existsSync(daemonFiles(folder, name).log);
}
