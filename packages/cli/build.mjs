// Bundles the program into one file that Node.js runs from anywhere, dist/checkpoint-warden.mjs. Beside it go its source
// map and the licences of the packages inside. Not minified: an operator's stack trace should name real functions.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PACKAGE = fileURLToPath(new URL('.', import.meta.url));
const DIST = join(PACKAGE, 'dist');
const PROGRAM = 'checkpoint-warden.mjs';

const startedAt = performance.now();
const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
const { outputFiles, metafile } = await build({
  absWorkingDir: PACKAGE,
  entryPoints: ['src/main.ts'],
  outfile: join(DIST, PROGRAM),
  bundle: true,
  platform: 'node',
  target: 'node22.22', // the oldest of `engines`
  format: 'esm',
  // Packages in CommonJS call `require` for Node's own modules, and a module has none.
  banner: {
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as createBundleRequire } from 'node:module';",
      'const require = createBundleRequire(import.meta.url);',
    ].join('\n'),
  },
  define: { BUILD_VERSION: JSON.stringify(version), BUILD_COMMIT: JSON.stringify(commit()) },
  plugins: [lazyBuiltins(), withoutApiClients()],
  sourcemap: 'linked',
  legalComments: 'none', // the whole licence texts go into a file of their own
  metafile: true,
  write: false,
  logLevel: 'warning',
});

mkdirSync(DIST, { recursive: true });
publish('third-party-licenses.txt', licences(Object.keys(metafile.inputs)), 0o644);
let bytes = 0;
for (const { path, contents, text } of outputFiles) {
  const isProgram = basename(path) === PROGRAM;
  if (isProgram) bytes = contents.length;
  publish(basename(path), isProgram ? toAscii(text) : contents, isProgram ? 0o755 : 0o644);
}
const milliseconds = Math.round(performance.now() - startedAt);
console.log(
  `built packages/cli/dist/${PROGRAM} ${version} (${Math.round(bytes / 1000)} kB, ${milliseconds} ms)`,
);

/**
 * Loads Node's own modules where they are used. As imports of the bundle they would all be loaded first, `node:tls` and
 * `node:http2` too, whatever the command.
 *
 * @returns {import('esbuild').Plugin}
 */
function lazyBuiltins() {
  return {
    name: 'lazy-builtins',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^node:/ }, ({ path, kind }) =>
        kind === 'import-statement' ? { path, namespace: 'builtin' } : undefined,
      );
      onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)})`,
      }));
    },
  };
}

/**
 * Leaves out what client-node's KubeConfig needs only for clients of its own: the classes of all kinds of objects, and undici.
 * Of KubeConfig, packages/kube calls nothing that makes one. They would be a third of the program.
 *
 * @returns {import('esbuild').Plugin}
 */
function withoutApiClients() {
  return {
    name: 'without-api-clients',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(undici|\.\/gen\/index\.js|\.\/middleware\.js)$/ }, ({ path, importer }) =>
        importer.endsWith('/client-node/dist/config.js') ? { path, namespace: 'left-out' } : undefined,
      );
      onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: 'module.exports = {}' }));
    },
  };
}

/**
 * A text of one byte for each character: V8 keeps the program's text, with two bytes for each when one is not of Latin-1.
 * esbuild has escaped those in strings; what is left is in comments and regular expressions, which know the same escape.
 *
 * @param {string} text
 */
function toAscii(text) {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The commit this is built from; images are built without the history and pass it in. */
function commit() {
  if (process.env.WARDEN_DEV_COMMIT) return process.env.WARDEN_DEV_COMMIT;
  try {
    const git = ['rev-parse', '--short=12', 'HEAD'];
    return execFileSync('git', git, { cwd: PACKAGE, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown'; // a source tarball, or a machine without git: nothing depends on it
  }
}

/**
 * Replaces a file of dist/ in one step, so that a program started meanwhile never reads half of it.
 *
 * @param {string} name
 * @param {string | Uint8Array} contents
 * @param {number} mode
 */
function publish(name, contents, mode) {
  const temporary = join(DIST, `.${name}.${process.pid}`);
  writeFileSync(temporary, contents, { mode });
  renameSync(temporary, join(DIST, name));
}

/**
 * Name, version and licence text of every npm package of which a part is in the bundle.
 *
 * @param {readonly string[]} inputs source files, relative to this package
 */
function licences(inputs) {
  const folders = inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? '');
  return [...new Set(folders)]
    .filter((folder) => folder !== '')
    .sort()
    .map((folder) => {
      const path = join(PACKAGE, folder);
      const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
      const texts = readdirSync(path).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
      if (texts.length === 0 && !manifest.license)
        throw new Error(`${manifest.name} does not say its licence`);
      const text = texts.map((name) => readFileSync(join(path, name), 'utf8').trim()).join('\n\n');
      return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
