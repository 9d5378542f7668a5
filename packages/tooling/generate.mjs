// Writes the files that are made from the sources, or with --check says which of the committed ones are not what would
// be written. A package that has such files exports GENERATED_FILES from its generate.ts: by path from the repository
// root, a function that makes the content.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './versions.mjs';

const check = process.argv.includes('--check');
const generators = globSync('packages/*/generate.ts', { cwd: ROOT });

let files = 0;
let stale = 0;
for (const generator of generators) {
  /** @type {{ GENERATED_FILES: ReadonlyMap<string, () => string | Promise<string>> }} */
  const { GENERATED_FILES } = await import(pathToFileURL(join(ROOT, generator)).href);
  for (const [path, generate] of GENERATED_FILES) {
    files += 1;
    const file = join(ROOT, path);
    const content = await generate();
    if (existsSync(file) && readFileSync(file, 'utf8') === content) continue;
    stale += 1;
    if (check) {
      console.error(`${path} is not what ${generator} makes: run \`npm run generate\` and commit it`);
    } else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      console.log(`wrote ${path}`);
    }
  }
}
if (files === 0) throw new Error('no generated files found: packages/*/generate.ts should name them');
if (check && stale > 0) process.exitCode = 1;
