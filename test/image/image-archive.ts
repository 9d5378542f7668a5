import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Layer } from './image-layer.ts';

/** What an image says of how it is to be run, as the OCI image specification names it. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** An image for this machine's kind of processor. */
export interface Image {
  /** With its tag. */
  readonly name: string;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Writes an image as `docker save` does; containerd, podman and Docker take such files.
 *
 * @see https://github.com/moby/docker-image-spec/blob/main/spec.md#combined-image-json--filesystem-changeset-format
 */
export async function writeImageArchive({ name, config, layers }: Image, file: string): Promise<void> {
  const configText = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
  const configName = `${createHash('sha256').update(configText).digest('hex')}.json`;
  const layerName = ({ digest }: Layer) => `${digest.replace('sha256:', '')}/layer.tar`;
  const manifest = [{ Config: configName, RepoTags: [name], Layers: layers.map(layerName) }];

  const tar = pack();
  const staging = `${file}.${process.pid}`;
  const written = pipeline(tar, createWriteStream(staging));
  tar.entry({ name: configName }, configText);
  for (const layer of layers) {
    const { size } = await stat(layer.file);
    await pipeline(createReadStream(layer.file), tar.entry({ name: layerName(layer), size }));
  }
  tar.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  tar.finalize();
  await written;
  await rename(staging, file);
}
