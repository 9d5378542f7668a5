import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cacheDir, isAtLeast, NODE_VERSION, OLDEST_NODE, ROOT } from './versions.mjs';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const major = (version: string) => Number(version.split('.')[0]);

describe('versions', () => {
  it('of Node.js in CI are one to bootstrap from, the oldest supported and the pinned one', () => {
    const { matrix } = parse(read('.github/workflows/ci.yaml')).jobs.test.strategy;
    expect(matrix.node).toEqual([20, major(OLDEST_NODE), major(NODE_VERSION)]);
  });

  it('of @types/node and of Node.js belong together', () => {
    expect(major(parse(read('pnpm-workspace.yaml')).catalog['@types/node'])).toBe(major(NODE_VERSION));
  });

  it('of the bundle target and of engines agree', () => {
    expect(read('packages/cli/build.mjs')).toContain(`target: 'node${OLDEST_NODE}'`);
  });

  it('of Node.js in the image, to build and to run, is the pinned one', () => {
    const dockerfile = read('packages/cli/Dockerfile');
    const nodes = [...dockerfile.matchAll(/^FROM .*\/(?:node:|nodejs)(\d+)-/gm)].map(([, version]) =>
      Number(version),
    );
    expect(nodes).toEqual([major(NODE_VERSION), major(NODE_VERSION)]);
  });

  it.each([
    ['24.21.0', '24', true],
    ['24.0.0', '24.0.0', true],
    ['22.22.0', '22.22', true],
    ['22.3.0', '22.22', false],
    ['20.20.2', '24', false],
    ['100.0.0', '24.21', true],
  ])('%s is at least %s: %s', (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected);
  });
});

describe('cacheDir', () => {
  it('is the one asked for', () => {
    expect(cacheDir({ WARDEN_DEV_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  });

  it('follows XDG', () => {
    expect(cacheDir({ XDG_CACHE_HOME: '/b' })).toBe('/b/checkpoint-warden');
  });

  it('is in the home directory where nothing is said', () => {
    expect(cacheDir({})).toMatch(/\/\.cache\/checkpoint-warden$/);
  });
});
