import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { Owner } from '@checkpoint-warden/policy';
import { type CheckpointSpec, checkpointMembers } from './checkpoint-members.ts';
import { END_OF_TAR, packTar, type Stretch, stretchesOf } from './tar-member.ts';

/** The kubelet's file name for a checkpoint of this container at this time. */
export function archiveFileName({ namespace, pod, container }: Owner, createdAt: Date | string): string {
  const time = typeof createdAt === 'string' ? createdAt : `${createdAt.toISOString().slice(0, 19)}Z`;
  return `checkpoint-${pod}_${namespace}-${container}-${time}.tar`;
}

/** An archive as the runtime writes it, in memory. */
export function buildArchive(spec: CheckpointSpec): Buffer {
  return packTar(checkpointMembers(spec));
}

/**
 * Writes an archive as the runtime does, in two or three large writes: its pages become a hole, so one of many GiB takes
 * no longer than a small one.
 */
export function writeArchive(path: string, spec: CheckpointSpec): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    let position = 0;
    for (const stretch of joined([...checkpointMembers(spec).flatMap(stretchesOf), END_OF_TAR])) {
      if (typeof stretch === 'number') position += stretch;
      else position += writeSync(fd, stretch, 0, stretch.length, position);
    }
    ftruncateSync(fd, position);
  } finally {
    closeSync(fd);
  }
}

/** Neighbouring buffers as one. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  let pending: Buffer[] = [];
  for (const stretch of stretches) {
    if (typeof stretch !== 'number') pending.push(stretch);
    else {
      result.push(Buffer.concat(pending), stretch);
      pending = [];
    }
  }
  return [...result, Buffer.concat(pending)];
}
