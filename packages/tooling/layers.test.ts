import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './versions.mjs';

/** From left to right; packages of one layer do not know each other. */
const LAYERS = [
  ['errors'],
  ['policy'],
  ['api'],
  ['kit'],
  ['kube'],
  ['agent', 'controller'],
  ['cli', 'chart'],
];
const SCOPE = '@checkpoint-warden/';

const packages = readdirSync(join(ROOT, 'packages')).filter((name) => name !== 'tooling');

function layerOf(name: string): number {
  return LAYERS.findIndex((layer) => layer.includes(name));
}

function sourcesOf(name: string): { file: string; text: string }[] {
  return globSync(`packages/${name}/src/**/*.ts`, { cwd: ROOT }).map((file) => ({
    file,
    text: readFileSync(join(ROOT, file), 'utf8'),
  }));
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

describe('the layers of packages/', () => {
  it.each(packages)('%s has a layer', (name) => {
    expect(layerOf(name)).toBeGreaterThanOrEqual(0);
  });

  it.each(packages)('%s depends only on packages to its left', (name) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8'));
    const own = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
      .filter((dependency) => dependency.startsWith(SCOPE))
      .map((dependency) => dependency.slice(SCOPE.length));
    const notToTheLeft = own.filter(
      (dependency) => !(layerOf(dependency) < layerOf(name)) || layerOf(dependency) < 0,
    );
    expect(notToTheLeft).toEqual([]);
  });

  it.each(packages)('%s reaches other packages by name, not by path', (name) => {
    const home = join(ROOT, 'packages', name) + sep;
    const strays = sourcesOf(name).flatMap(({ file, text }) =>
      importsOf(text)
        .filter(
          (specifier) => specifier.startsWith('.') && !join(ROOT, file, '..', specifier).startsWith(home),
        )
        .map((specifier) => `${file}: ${specifier}`),
    );
    expect(strays).toEqual([]);
  });
});

describe('the policy package is pure', () => {
  const sources = sourcesOf('policy').filter(({ file }) => !/\.test\.ts$|[/\\]testing/.test(file));
  // `new Date(ms)` only computes; `new Date()` and `Date()` look at the clock.
  const impure =
    /\bDate\.now\b|\bDate\(\s*\)|\bMath\.random\b|\bprocess\b|\bperformance\b|\bset(?:Timeout|Interval|Immediate)\b|\bglobalThis\b|\bconsole\b|\bfetch\(/;

  it('has sources to look at', () => {
    expect(sources.length).toBeGreaterThan(3);
  });

  it.each(sources.map(({ file, text }) => [relative('packages/policy/src', file), text] as const))(
    '%s has no I/O, no clock, no randomness and no library',
    (_, text) => {
      const foreign = importsOf(text).filter(
        (specifier) => !specifier.startsWith('./') && !specifier.startsWith('../'),
      );
      expect(foreign.filter((specifier) => specifier !== `${SCOPE}errors`)).toEqual([]);
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      expect(code.match(impure)?.[0]).toBeUndefined();
    },
  );
});
