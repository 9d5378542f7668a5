import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findBrokenLinks, type LinkTargets } from './find-broken-links.ts';
import { readPage } from './read-page.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

const PAGES = globSync(
  ['README.md', 'docs/**/*.md', '.github/**/*.md', 'charts/**/README.md', 'kind/**/*.md', 'test/*/README.md'],
  { cwd: ROOT },
);

const repository: LinkTargets = {
  read: (path) => readFileSync(ROOT + path, 'utf8'),
  exists: (path) => existsSync(ROOT + path),
};

describe('the documentation', () => {
  it('has pages to look at', () => {
    expect(PAGES.length).toBeGreaterThan(30);
    expect(PAGES).toEqual(expect.arrayContaining(['README.md', '.github/SECURITY.md']));
  });

  it('has no link that leads nowhere', () => {
    expect(findBrokenLinks(PAGES, repository)).toEqual([]);
  });

  it('names every page in its index', () => {
    const index = readPage(repository.read('docs/README.md')).links.map(({ target }) => target);
    const missing = PAGES.filter((page) => /^docs\/(?!README|adr)/.test(page))
      .map((page) => page.slice('docs/'.length))
      .filter((page) => !index.includes(page));
    expect(missing).toEqual([]);
  });
});

describe('findBrokenLinks', () => {
  const find = (page: string, others: Readonly<Record<string, string>> = {}): string[] => {
    const files: Readonly<Record<string, string>> = { 'docs/page.md': page, ...others };
    return findBrokenLinks(['docs/page.md'], {
      read: (path) => files[path] ?? '',
      exists: (path) => Object.keys(files).some((file) => file === path || file.startsWith(`${path}/`)),
    });
  };

  it.each([
    ['a file that is not there', '[x](gone.md)', ['docs/page.md:1: gone.md: there is no docs/gone.md']],
    ['a file above', 'a\n[x](../gone.md)', ['docs/page.md:2: ../gone.md: there is no gone.md']],
    ['a heading', '[x](#gone)', ['docs/page.md:1: #gone: docs/page.md has no heading #gone']],
    [
      'a heading elsewhere',
      '[x](other.md#gone)',
      ['docs/page.md:1: other.md#gone: docs/other.md has no heading #gone'],
    ],
    ['an image', '![x](gone.png)', ['docs/page.md:1: gone.png: there is no docs/gone.png']],
    ['a definition', '[x]: gone.md', ['docs/page.md:1: gone.md: there is no docs/gone.md']],
    [
      'the second of a line',
      '[x](other.md), [y](gone.md)',
      ['docs/page.md:1: gone.md: there is no docs/gone.md'],
    ],
  ])('finds a broken link to %s', (_, page, found) => {
    expect(find(page, { 'docs/other.md': '# There\n' })).toEqual(found);
  });

  it.each([
    ['the web', '[x](https://example.org/gone#gone)'],
    ['a folder', '[x](../adr)'],
    ['a heading with marks and punctuation', '## What’s `x`: *that*?\n[x](#whats-x-that)'],
    ['a heading with a path in it', '## spec.nodePolicy[]\n[x](#specnodepolicy)'],
    ['the second heading of a name', '## A\n## A\n[x](#a-1)'],
    ['a heading that is a link', '## [A b](https://example.org)\n[x](#a-b)'],
  ])('lets a link to %s be', (_, page) => {
    expect(find(page, { 'adr/0001.md': '' })).toEqual([]);
  });

  it('looks at no code', () => {
    expect(find('`[x](gone.md)`\n```md\n[x](gone.md)\n# A\n```\n')).toEqual([]);
  });

  it('takes no comment in code for a heading', () => {
    expect(find('```sh\n# a\n```\n[x](#a)')).toEqual(['docs/page.md:4: #a: docs/page.md has no heading #a']);
  });
});
