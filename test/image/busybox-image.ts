import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeImageArchive } from './image-archive.ts';
import { type LayerEntry, writeLayer } from './image-layer.ts';

/** The image of the pods that are checkpointed, and of what keeps a pod's namespaces. */
export const BUSYBOX_IMAGE = 'localhost/busybox:test';

/**
 * Writes an image of the static busybox of a root filesystem, with all of its commands. By itself it sleeps.
 *
 * @param file where the archive goes
 */
export async function writeBusyboxImage(rootfs: string, file: string): Promise<void> {
  const busybox = join(rootfs, 'usr/bin/busybox');
  const commands = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const entries: LayerEntry[] = [
    ...['bin', 'dev', 'etc', 'proc', 'sys'].map((path) => ({ path, type: 'directory' as const })),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'bin/busybox', type: 'copy', from: busybox },
    ...commands
      .filter((command) => command !== 'busybox')
      .map((command) => ({ path: `bin/${command}`, type: 'symlink' as const, target: 'busybox' })),
  ];
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-image-'));
  try {
    const layer = await writeLayer(entries, join(folder, 'layer.tar'));
    await writeImageArchive(
      {
        name: BUSYBOX_IMAGE,
        config: { Cmd: ['/bin/sleep', '1000000'], Env: ['PATH=/bin'] },
        layers: [layer],
      },
      file,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
