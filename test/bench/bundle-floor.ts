import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles a floor that uses packages, in the way the program is. @returns the path of the bundle */
export async function bundleFloor(name: string, directory: string): Promise<string> {
  const outfile = join(directory, `${name}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'floors', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    keepNames: true,
    logLevel: 'warning',
  });
  return outfile;
}
