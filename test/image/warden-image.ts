import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideFromNpm } from '../../packages/tooling/provide-from-npm.mjs';
import { nodeTool } from '../../packages/tooling/tools.mjs';
import { ROOT } from '../../packages/tooling/versions.mjs';
import { type FinalStage, readFinalStage } from './final-stage.ts';
import { type ImageConfig, writeImageArchive } from './image-archive.ts';
import { type LayerEntry, writeLayer } from './image-layer.ts';

/** The image of this checkout's program. */
export const WARDEN_IMAGE = { repository: 'localhost/checkpoint-warden', tag: 'test' };

/** Where the build stage of the Dockerfile has the repository. */
const SOURCE = '/src/';

/** What `node` is linked with; libdl and libpthread are stubs since glibc 2.34, but it names them. */
const LIBRARIES = [
  'libc.so.6',
  'libm.so.6',
  'libdl.so.2',
  'libpthread.so.0',
  'libstdc++.so.6',
  'libgcc_s.so.1',
];

const MULTIARCH: Readonly<Record<string, { triplet: string; linker: string }>> = {
  x64: { triplet: 'x86_64-linux-gnu', linker: 'lib64/ld-linux-x86-64.so.2' },
  arm64: { triplet: 'aarch64-linux-gnu', linker: 'lib/ld-linux-aarch64.so.1' },
};

/** What the base image says; the stage adds to it. */
const BASE_CONFIG: ImageConfig = {
  Env: [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
  ],
  User: '65532',
  WorkingDir: '/home/nonroot',
};

/**
 * Writes the image of the program as `packages/cli/Dockerfile` describes it, without Docker: its last stage is carried out
 * on the built program (`npm run build`). For the base image, which is on a registry, stands one with the same Node.js at the
 * same path: that of npm with the libraries of `rootfs`. It has no shell either.
 *
 * @param file where the archive goes
 */
export async function writeWardenImage(rootfs: string, file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const stage = await readWardenStage();
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-image-'));
  try {
    const base = await writeLayer(await baseEntries(rootfs, env), join(folder, 'base.tar'));
    const program = await writeLayer(programEntries(stage), join(folder, 'program.tar'));
    const config = {
      ...BASE_CONFIG,
      ...stage.config,
      Env: [...(BASE_CONFIG.Env ?? []), ...(stage.config.Env ?? [])],
    };
    const { repository, tag } = WARDEN_IMAGE;
    await writeImageArchive({ name: `${repository}:${tag}`, config, layers: [base, program] }, file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The last stage of the Dockerfile of the program. */
export async function readWardenStage(): Promise<FinalStage> {
  return readFinalStage(await readFile(join(ROOT, 'packages/cli/Dockerfile'), 'utf8'));
}

/** What the stage puts into the image. */
export function programEntries({ files }: FinalStage): LayerEntry[] {
  const entries = files.map(({ from, to }): LayerEntry => {
    if (!from.startsWith(SOURCE)) throw new Error(`COPY of ${from}: the repository is in ${SOURCE}`);
    return { path: to.slice(1), type: 'copy', from: join(ROOT, from.slice(SOURCE.length)) };
  });
  return [...foldersOf(entries), ...entries];
}

async function baseEntries(rootfs: string, env: NodeJS.ProcessEnv): Promise<LayerEntry[]> {
  const arch = MULTIARCH[process.arch];
  if (arch === undefined) throw new Error(`there is no base image for ${process.arch}`);
  const node = join(await provideFromNpm(nodeTool(process.platform, process.arch), env), 'node');
  const libraries = `usr/lib/${arch.triplet}`;
  const entries: LayerEntry[] = [
    { path: 'nodejs/bin/node', type: 'copy', from: node },
    ...LIBRARIES.map((name): LayerEntry => {
      const path = `${libraries}/${name}`;
      return { path, type: 'copy', from: join(rootfs, path) };
    }),
    { path: `usr/${arch.linker}`, type: 'copy', from: join(rootfs, 'usr', arch.linker) },
    {
      path: 'etc/passwd',
      type: 'file',
      mode: 0o644,
      content:
        'root:x:0:0:root:/root:/sbin/nologin\n' +
        'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n' +
        'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    },
  ];
  return [
    ...foldersOf(entries),
    ...['home', 'home/nonroot', 'proc', 'sys', 'dev'].map(
      (path): LayerEntry => ({ path, type: 'directory' }),
    ),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'lib', type: 'symlink', target: 'usr/lib' },
    { path: 'lib64', type: 'symlink', target: 'usr/lib64' },
    ...entries,
  ];
}

/** The folders that entries lie in, outer ones first. */
function foldersOf(entries: readonly LayerEntry[]): LayerEntry[] {
  const folders = entries.flatMap(({ path }) => {
    const names = path.split('/').slice(0, -1);
    return names.map((_, index) => names.slice(0, index + 1).join('/'));
  });
  return [...new Set(folders)].sort().map((path) => ({ path, type: 'directory' }));
}
