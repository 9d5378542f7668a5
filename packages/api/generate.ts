/**
 * Writes the files that are generated from the policy schema: `node packages/api/generate.ts`. With `--check` it writes
 * nothing and fails when one of them is not what it would write.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crdYaml } from './src/crd.ts';
import { GROUP, PLURAL } from './src/policy-object.ts';
import { policyReference } from './src/policy-reference.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Every generated file by its path in the repository. */
export const GENERATED_FILES: ReadonlyMap<string, () => string> = new Map([
  [`packages/api/gen/${GROUP}_${PLURAL}.yaml`, crdYaml],
  ['docs/reference/policy.md', policyReference],
]);

/** The generated files whose content on disk is not what it should be. */
export async function staleFiles(): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, generate] of GENERATED_FILES) {
    const onDisk = await readFile(`${root}${path}`, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (onDisk !== generate()) stale.push(path);
  }
  return stale;
}

async function main(check: boolean): Promise<void> {
  for (const path of await staleFiles()) {
    if (check) {
      process.stderr.write(`${path} is stale: run node ${relative(root, import.meta.filename)}\n`);
      process.exitCode = 1;
      continue;
    }
    await mkdir(dirname(`${root}${path}`), { recursive: true });
    await writeFile(`${root}${path}`, GENERATED_FILES.get(path)?.() ?? '');
    process.stdout.write(`wrote ${path}\n`);
  }
}

// Not `import.meta.main`, which Node 22 does not have.
if (process.argv[1] === import.meta.filename) await main(process.argv.includes('--check'));
