import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Header, pack } from 'tar-stream';

/** One entry of a layer; paths are without a slash in front. All belong to root. */
export type LayerEntry =
  | { readonly path: string; readonly type: 'directory'; readonly mode?: number }
  | { readonly path: string; readonly type: 'symlink'; readonly target: string }
  | { readonly path: string; readonly type: 'file'; readonly mode: number; readonly content: string }
  /** A file of this machine; a link in its place is followed. */
  | { readonly path: string; readonly type: 'copy'; readonly from: string };

/** A layer of an image, as a tar file. */
export interface Layer {
  readonly file: string;
  /** `sha256:…` of the file. */
  readonly digest: string;
}

/** Always the same, so that the same content is the same layer. */
const MTIME = new Date(0);

/** Writes a layer. */
export async function writeLayer(entries: readonly LayerEntry[], file: string): Promise<Layer> {
  const tar = pack();
  const hash = createHash('sha256');
  const tap = new PassThrough();
  tap.on('data', (chunk) => hash.update(chunk));
  const written = pipeline(tar, tap, createWriteStream(file));
  for (const entry of entries) await addEntry(tar, entry);
  tar.finalize();
  await written;
  return { file, digest: `sha256:${hash.digest('hex')}` };
}

async function addEntry(tar: ReturnType<typeof pack>, entry: LayerEntry): Promise<void> {
  const header = (more: Partial<Header>) => ({ name: entry.path, mtime: MTIME, uid: 0, gid: 0, ...more });
  switch (entry.type) {
    case 'directory':
      tar.entry(header({ type: 'directory', mode: entry.mode ?? 0o755 }));
      return;
    case 'symlink':
      tar.entry(header({ type: 'symlink', linkname: entry.target, mode: 0o777 }));
      return;
    case 'file':
      tar.entry(header({ mode: entry.mode }), entry.content);
      return;
    case 'copy': {
      const { size, mode } = await stat(entry.from);
      await pipeline(createReadStream(entry.from), tar.entry(header({ mode: mode & 0o777, size })));
      return;
    }
  }
}
