import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readImageRuntime } from '../image/image-runtime.ts';
import { type RunningProcess, startProcess } from './process.ts';

/** How much is measured: everything, the same with fewer rounds, or just enough to see that it works. */
export type Scale = 'full' | 'quick' | 'tiny';

/** What a row works with. Everything it makes or starts ends with it. */
export interface Bench {
  /** The bundled program. */
  readonly program: string;
  /** Says what is going on, to the person who waits. */
  tell(text: string): void;
  /** The choice for this run's scale. */
  pick<T>(choices: Readonly<Record<Scale, T>>): T;
  /** A new empty directory on a real disk. */
  directory(name: string): string;
  /** Starts Node with these arguments, the script among them; it is ended with the bench at the latest. */
  node(...args: readonly string[]): RunningProcess;
  /** Ends all that still runs and removes all directories. */
  close(): void;
}

export interface BenchOptions {
  readonly program: string;
  readonly scale: Scale;
  readonly tell: (text: string) => void;
}

/** Values of `f_type` in statfs(2) for filesystems that are no disk. */
const MEMORY_FILESYSTEMS = [0x01021994, 0x858458f6]; // tmpfs, ramfs

export function createBench({ program, scale, tell }: BenchOptions): Bench {
  const root = mkdtempSync(join(diskDirectory(), 'checkpoint-warden-bench-'));
  const processes = new Set<RunningProcess>();
  let directories = 0;
  // The floors as well, or they would be measured in another Node.js.
  const { nodeFlags, env } = readImageRuntime();
  return {
    program,
    tell,
    pick: (choices) => choices[scale],
    directory: (name) => mkdtempSync(join(root, `${++directories}-${name}-`)),
    node(...args) {
      const started = startProcess(process.execPath, [...nodeFlags, ...args], env);
      processes.add(started);
      void started.ended.then(() => processes.delete(started));
      return started;
    },
    close() {
      for (const { kill } of processes) kill();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Archives in memory would be no fair measure: a place for temporary files that is on a disk. */
function diskDirectory(): string {
  const places = [tmpdir(), '/var/tmp', import.meta.dirname];
  return places.find((place) => !MEMORY_FILESYSTEMS.includes(typeOf(place) ?? Number.NaN)) ?? tmpdir();
}

function typeOf(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch {
    return undefined; // no such place
  }
}
