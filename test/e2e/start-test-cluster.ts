import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../packages/tooling/versions.mjs';
import { CLUSTER_PROGRAMS, provideAssets } from '../cluster/assets.ts';
import { provideRootfs } from '../cluster/nodes/provide-rootfs.ts';
import { requireRoot } from '../cluster/nodes/require-root.ts';
import { type Cluster, startCluster } from '../cluster/nodes/start-cluster.ts';
import { BUSYBOX_IMAGE, writeBusyboxImage } from '../image/busybox-image.ts';
import { writeWardenImage } from '../image/warden-image.ts';

/**
 * Starts a cluster whose nodes have the image of this checkout's program and {@link BUSYBOX_IMAGE}.
 *
 * @throws ToolchainError when the machine lacks something, with what to do about that
 */
export async function startTestCluster(env: NodeJS.ProcessEnv): Promise<Cluster> {
  requireRoot();
  const assets = await provideAssets(env, CLUSTER_PROGRAMS);
  const rootfs = await provideRootfs(env);
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-images-'));
  try {
    execFileSync(process.execPath, [join(ROOT, 'packages/cli/build.mjs')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const images = ['busybox.tar', 'checkpoint-warden.tar'].map((name) => join(folder, name));
    const [busybox = '', warden = ''] = images;
    await Promise.all([writeBusyboxImage(rootfs, busybox), writeWardenImage(rootfs, warden, env)]);
    const startedAt = performance.now();
    const cluster = await startCluster({ assets, rootfs, images, sandboxImage: BUSYBOX_IMAGE });
    console.error(`cluster: both nodes are ready (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
    return cluster;
  } finally {
    await rm(folder, { recursive: true });
  }
}
