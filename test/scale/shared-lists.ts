import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GroupArchive, NewestAnswer, NewestRequest, RemoteGroup } from '@checkpoint-warden/api';
import { compareText, countThatMatter, type GroupReach, mayExceed } from '@checkpoint-warden/policy';
import { nodeName } from './cluster-shape.ts';
import type { SimulatedAgent } from './simulated-agent.ts';
import { groupName, reachOfGroup } from './simulated-groups.ts';

/** What of one group has to be said after a change on one node, and how. */
export interface SharedList {
  /** What the holder is asked, and what it answers. */
  readonly request: string;
  /** What each other holder is told. */
  readonly told: string;
  /** The answer once, and what is told once for each other holder. */
  readonly bytes: number;
}

/** The least that can be said so that all agents know of all groups that may be over a limit. */
export interface LeastToTell {
  readonly groups: number;
  readonly bytes: number;
}

type Newest = NewestAnswer['groups'][number];

/** The list of a namespace, after an archive has arrived on one of its nodes. */
export function sharedListOf(
  agents: readonly SimulatedAgent[],
  namespace: string,
  changed: number,
  others: readonly number[],
): SharedList {
  const agent = agents[changed];
  const figure = agent?.figures().find(({ group }) => group === namespace);
  const reach = agent && figure && reachOfGroup(agent.rules, figure);
  if (figure === undefined || reach === undefined) throw new Error(`${namespace} is no group`);
  const asked: NewestRequest = { groups: [{ group: figure.group, rule: figure.rule }] };
  const held = [changed, ...others].map((holder) => {
    return [nodeName(holder), agents[holder]?.newest(asked.groups)[0]] as const;
  });
  const answer = JSON.stringify(held[0]?.[1]);
  const told = JSON.stringify(mergeNewest(held, reach));
  return {
    request: JSON.stringify(asked),
    told,
    bytes: Buffer.byteLength(answer) + others.length * Buffer.byteLength(told),
  };
}

/** The newest of every group that may be over a limit, once from each holder; and the merged list once to each holder. */
export async function leastToTell(agents: readonly SimulatedAgent[]): Promise<LeastToTell> {
  const groups = new Map<string, { count: number; bytes: number; holders: number[]; reach: GroupReach }>();
  for await (const [index, agent] of inPortions(agents.entries())) {
    for (const figure of agent.figures()) {
      const name = groupName(figure);
      const known = groups.get(name);
      const reach = known?.reach ?? reachOfGroup(agent.rules, figure);
      if (reach === undefined) continue;
      const group = known ?? { count: 0, bytes: 0, holders: [], reach };
      group.count += figure.count;
      group.bytes += figure.bytes;
      group.holders.push(index);
      groups.set(name, group);
    }
  }
  const shared = [...groups].filter(
    ([, { count, bytes, holders, reach }]) => holders.length > 1 && mayExceed(count, bytes, reach),
  );
  let bytes = 0;
  for await (const [name, { holders, reach }] of inPortions(shared)) {
    const [rule = '', group = ''] = name.split(' ');
    const held = holders.map((holder) => {
      return [nodeName(holder), agents[holder]?.newest([{ group, rule }])[0]] as const;
    });
    for (const [, newest] of held) bytes += Buffer.byteLength(JSON.stringify(newest));
    bytes += holders.length * Buffer.byteLength(JSON.stringify(mergeNewest(held, reach)));
  }
  return { groups: shared.length, bytes };
}

/** The newest archives of a group wherever they lie, as many as the limits can use. */
function mergeNewest(
  held: readonly (readonly [node: string, newest: Newest | undefined])[],
  reach: GroupReach,
): RemoteGroup {
  const lists = held.flatMap(([node, newest]) => (newest === undefined ? [] : [{ node, newest }]));
  const all = lists.flatMap(({ node, newest }) => newest.archives.map((archive) => ({ node, archive })));
  all.sort(newestFirst);
  const sizes = all.map(({ archive }) => archive.bytes);
  const byNode = Map.groupBy(all.slice(0, countThatMatter(sizes, reach)), ({ node }) => node);
  const [first] = lists;
  return {
    group: first?.newest.group ?? '',
    rule: first?.newest.rule ?? '',
    due: [...new Set(lists.flatMap(({ newest }) => newest.due))],
    nodes: [...byNode].map(([node, of]) => ({ node, archives: of.map(({ archive }) => archive) })),
  };
}

interface Held {
  readonly node: string;
  readonly archive: GroupArchive;
}

function newestFirst(a: Held, b: Held): number {
  return (
    b.archive.countsAsMs - a.archive.countsAsMs ||
    b.archive.mtimeMs - a.archive.mtimeMs ||
    compareText(b.node, a.node) ||
    compareText(b.archive.name, a.archive.name)
  );
}

const PORTION_MS = 20;

/** Goes through a long list without keeping what else this process does waiting for long. */
async function* inPortions<T>(items: Iterable<T>): AsyncGenerator<T> {
  let untilMs = performance.now() + PORTION_MS;
  for (const item of items) {
    yield item;
    if (performance.now() < untilMs) continue;
    await nextTurn();
    untilMs = performance.now() + PORTION_MS;
  }
}
