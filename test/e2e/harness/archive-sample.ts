import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import type { TestCluster } from './test-cluster.ts';
import type { TestPod } from './test-pod.ts';

/**
 * A real archive of a container, taken away from its node, to lay copies of there as if they had been taken at other times. An
 * archive is what its name and its metadata say, so they are archives like any other, and cost no second each.
 */
export interface ArchiveSample {
  readonly bytes: number;
  /** Lays copies that were taken so many minutes before the sample, in this order. An archive of that age is replaced. */
  lay(...minutes: readonly number[]): void;
  /** Ages of the copies that are still there, in minutes, the newest first. */
  left(): number[];
  /** Name of the copy of that age. */
  nameOf(minutes: number): string;
  /** Takes all copies away, with their pins. */
  clear(): void;
}

/** Checkpoints a container and makes a sample of that. No policy may delete what has just been taken. */
export async function takeSample(
  cluster: TestCluster,
  pod: TestPod,
  container = 'app',
): Promise<ArchiveSample> {
  const folder = cluster.node(pod.node).path(CHECKPOINT_DIR);
  const original = await pod.checkpoint(container);
  const content = readFileSync(join(folder, original));
  rmSync(join(folder, original));

  const [, prefix = '', time = ''] = /^(.*-)(\d{4}-\d\d-\d\dT.*)\.tar$/.exec(original) ?? [];
  const nameOf = (minutes: number) => {
    const takenAt = new Date(Date.parse(time) - minutes * 60_000);
    return `${prefix}${takenAt.toISOString().slice(0, 19)}Z.tar`;
  };
  const laid = new Set<number>();
  const isLeft = (minutes: number) => existsSync(join(folder, nameOf(minutes)));
  return {
    bytes: content.length,
    lay(...ages) {
      for (const minutes of ages) {
        laid.add(minutes);
        // At once, unlike the runtime: what an archive is while it is being written is for others to test.
        const unfinished = join(folder, `${nameOf(minutes)}.unfinished`);
        writeFileSync(unfinished, content, { mode: 0o600 });
        renameSync(unfinished, join(folder, nameOf(minutes)));
      }
    },
    left: () => [...laid].filter(isLeft).sort((one, other) => one - other),
    nameOf,
    clear() {
      for (const name of [...laid].map(nameOf)) {
        rmSync(join(folder, name), { force: true });
        rmSync(join(folder, `${name}.keep`), { force: true });
      }
      laid.clear();
    },
  };
}
