import { type GroupArchive, MAX_NEWEST, type RemoteGroup } from '@checkpoint-warden/api';
import { compareText, countThatMatter, type GroupReach } from '@checkpoint-warden/policy';
import { type Listed, type NodeArchives, newestFirst } from './newest-first.ts';

/** What one node says of a group: its newest archives, as many as can matter, and the keys that are due there. */
export interface NodeNewest extends NodeArchives {
  readonly due: readonly string[];
}

/** A group wherever it lies. */
export interface MergedGroup<L extends NodeNewest> {
  readonly group: RemoteGroup;
  /** Those of the lists that it names archives of. */
  readonly named: readonly L[];
}

/**
 * Makes one list of what several nodes say of a group: the newest archives of all, as many as its limits can use. Pure. The
 * order of `lists` is irrelevant, and what a limit cut from a list of one node could not have been in it. Of copies on several
 * nodes, which have one name, it has the newest, as the planner counts them once.
 *
 * A key is due where one node says so, but only as long as an archive is left that it is about.
 *
 * @param isDueWithin - whether somebody says so of a narrower group when asked for that
 */
export function mergeNewest<L extends NodeNewest>(
  { group, rule }: Pick<RemoteGroup, 'group' | 'rule'>,
  lists: readonly L[],
  reach: GroupReach,
  isDueWithin: (key: string) => boolean,
): MergedGroup<L> {
  const newest: Listed<L>[] = [];
  const names = new Set<string>();
  const sizes = function* (): Generator<number> {
    for (const listed of newestFirst(lists)) {
      if (newest.length === MAX_NEWEST) return;
      if (names.has(listed.archive.name)) continue;
      names.add(listed.archive.name);
      newest.push(listed);
      yield listed.archive.bytes;
    }
  };
  newest.splice(countThatMatter(sizes(), reach));

  const byList = new Map<L, GroupArchive[]>();
  const keys = new Set([group]);
  for (const { list, archive } of newest) {
    const archives = byList.get(list);
    if (archives === undefined) byList.set(list, [archive]);
    else archives.push(archive);
    for (const key of narrowerKeys(group, archive)) keys.add(key);
  }
  const said = new Set(lists.flatMap(({ due }) => due));
  const due = [...keys].filter((key) => said.has(key) || (key !== group && isDueWithin(key)));
  const named = [...byList].sort(([a], [b]) => compareText(a.node, b.node));
  return {
    group: {
      group,
      rule,
      due: due.sort(compareText),
      nodes: named.map(([{ node }, archives]) => ({ node, archives })),
    },
    named: named.map(([list]) => list),
  };
}

/** The groups below `group` that an archive of it is in. */
function narrowerKeys(group: string, { pod, container }: GroupArchive): string[] {
  const [namespace = '', ...rest] = group.split('/');
  const ofPod = `${namespace}/${pod}`;
  const ofContainer = `${ofPod}/${container}`;
  return rest.length === 0 ? [ofPod, ofContainer] : [ofContainer];
}
