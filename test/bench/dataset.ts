import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  archiveFileName,
  checkpointMembers,
  END_OF_TAR,
  type Stretch,
  stretchesOf,
} from '@checkpoint-warden/agent/testing';
import type { Owner } from '@checkpoint-warden/policy';

/** How many archives of what. Every pod has one container. */
export interface FleetShape {
  readonly namespaces: number;
  readonly pods: number;
  readonly archivesPerPod: number;
}

/** Archives on disk. */
export interface Dataset {
  readonly directory: string;
  /** File names by container, oldest first, in the order of {@link ownersOf}. */
  readonly archives: readonly (readonly string[])[];
}

/** A fleet of this many archives, or about: 20 of each of 10 pods in every namespace. */
export function fleetOf(archives: number): FleetShape {
  return archives < 200
    ? { namespaces: 4, pods: 2, archivesPerPod: Math.ceil(archives / 8) }
    : { namespaces: Math.round(archives / 200), pods: 10, archivesPerPod: 20 };
}

/** The containers of a fleet: `team-00/web-0/app`, … */
export function ownersOf({ namespaces, pods }: Omit<FleetShape, 'archivesPerPod'>): Owner[] {
  return Array.from({ length: namespaces * pods }, (_, index) => ({
    namespace: `team-${String(Math.floor(index / pods)).padStart(2, '0')}`,
    pod: `web-${index % pods}`,
    container: 'app',
  }));
}

/** Newer than every archive of a dataset, Unix ms; an hour ago, as the future counts for nothing. */
export const AFTER_DATASET_MS = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

const MINUTE_MS = 60_000;

/**
 * Fills a directory with archives, each a file of its own with metadata of its own, and waits until they are on disk, so
 * that writing them back does not fall into a measurement.
 */
export function writeDataset(directory: string, shape: FleetShape): Dataset {
  const archives = ownersOf(shape).map((owner) => {
    const stretches = joinBuffers(archiveStretches(owner));
    return Array.from({ length: shape.archivesPerPod }, (_, age) => {
      const createdAtMs = AFTER_DATASET_MS - (shape.archivesPerPod - age) * MINUTE_MS;
      const name = archiveFileName(owner, new Date(createdAtMs));
      writeStretches(join(directory, name), stretches);
      return name;
    });
  });
  flush(directory);
  return { directory, archives };
}

/** Writes the oldest archives of each container again, after they were deleted. */
export function restoreOldest({ directory, archives }: Dataset, shape: FleetShape, perPod: number): void {
  ownersOf(shape).forEach((owner, index) => {
    const stretches = joinBuffers(archiveStretches(owner));
    const names = archives[index]?.slice(0, perPod) ?? [];
    for (const name of names) writeStretches(join(directory, name), stretches);
  });
  flush(directory);
}

/** The bytes of an archive, piece by piece as the runtime writes them. Its pages and its log become holes. */
export function archiveStretches(owner: Owner, pagesBytes = 128 * 1024): readonly Stretch[] {
  const members = checkpointMembers({ ...owner, pagesBytes }).map((member) =>
    member.name === 'dump.log' ? { name: member.name, zeroBytes: member.content?.length ?? 0 } : member,
  );
  return [...members.flatMap(stretchesOf), END_OF_TAR];
}

/**
 * Writes stretches one by one, in place as the runtime does, and each number of zeros by leaving it out.
 *
 * @returns when the last write began, by `performance.now()`: whoever is put off the processor after it would seem to have
 * written later than the others saw it
 */
export function writeStretches(path: string, stretches: readonly Stretch[]): number {
  const fd = openSync(path, 'w', 0o600);
  let position = 0;
  let lastWriteMs = performance.now();
  for (const stretch of stretches) {
    if (typeof stretch === 'number') position += stretch;
    else if (stretch.length > 0) {
      lastWriteMs = performance.now();
      position += writeSync(fd, stretch, 0, stretch.length, position);
    }
  }
  closeSync(fd);
  return lastWriteMs;
}

/** The same bytes in fewer writes. */
function joinBuffers(stretches: readonly Stretch[]): readonly Stretch[] {
  const joined: Stretch[] = [];
  for (const stretch of stretches) {
    const last = joined.at(-1);
    if (typeof stretch === 'number' || typeof last !== 'object') joined.push(stretch);
    else joined[joined.length - 1] = Buffer.concat([last, stretch]);
  }
  return joined;
}

function flush(directory: string): void {
  spawnSync('sync', ['--file-system', directory]);
}
