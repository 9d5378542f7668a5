import { dirname, join, normalize } from 'node:path/posix';
import { type Page, readPage } from './read-page.ts';

/** What links may lead to. Paths are relative to the repository, with `/`. */
export interface LinkTargets {
  /** The text of a page. */
  read(path: string): string;
  /** Whether there is such a file or directory. */
  exists(path: string): boolean;
}

/**
 * Finds links within the repository that lead nowhere: no such file, or no such heading in it. Links to the web are not
 * looked at: whether they hold is nothing that a change here could break.
 *
 * @returns one line for each: where it stands, what it says, what is missing
 */
export function findBrokenLinks(files: readonly string[], targets: LinkTargets): string[] {
  const pages = new Map<string, Page>();
  const pageAt = (path: string): Page => {
    const page = pages.get(path) ?? readPage(targets.read(path));
    pages.set(path, page);
    return page;
  };
  return files.flatMap((file) =>
    pageAt(file).links.flatMap(({ line, target }) => {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
      const [path = '', anchor] = target.split('#');
      const to = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
      const at = `${file}:${line}: ${target}`;
      if (!targets.exists(to)) return [`${at}: there is no ${to}`];
      if (anchor === undefined || !to.endsWith('.md')) return [];
      return pageAt(to).anchors.has(anchor) ? [] : [`${at}: ${to} has no heading #${anchor}`];
    }),
  );
}
