import type { NewestAnswer, NewestRequest } from '@checkpoint-warden/api';
import { compareListed } from './newest-first.ts';

type Newest = NewestAnswer['groups'][number];

/**
 * Looks whether an answer is one to what was asked: only groups asked for, each once, with archives that are of them, each
 * once and newest first.
 *
 * @returns what is wrong with it; `undefined`: nothing
 */
export function checkNewest(
  asked: NewestRequest['groups'],
  answered: NewestAnswer['groups'],
): string | undefined {
  const left = new Set(asked.map(idOf));
  for (const each of answered) {
    if (!left.delete(idOf(each))) return `group ${each.group} was not asked for, or is there twice`;
    const problem = checkArchives(each);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function idOf({ rule, group }: NewestRequest['groups'][number]): string {
  return `${rule} ${group}`;
}

function checkArchives({ group, archives }: Newest): string | undefined {
  const [, pod, container] = group.split('/');
  const names = new Set<string>();
  let before: Newest['archives'][number] | undefined;
  for (const archive of archives) {
    if ((pod !== undefined && pod !== archive.pod) || (container ?? archive.container) !== archive.container)
      return `${archive.name} of ${archive.pod}/${archive.container} is not of group ${group}`;
    if (names.has(archive.name)) return `${archive.name} is twice in group ${group}`;
    names.add(archive.name);
    if (before !== undefined && compareListed(listed(before), listed(archive)) > 0)
      return `group ${group} is not in order`;
    before = archive;
  }
  return undefined;
}

/** All are of one node, whichever. */
function listed(archive: Newest['archives'][number]) {
  return { list: { node: '', archives: [] }, archive };
}
