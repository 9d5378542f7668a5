import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNewestFirst, type Dated } from './archive-order.ts';
import { governingRule } from './governing-rule.ts';
import { groupKey } from './group-key.ts';
import { planRetention } from './plan-retention.ts';
import { sharedGroups } from './shared-groups.ts';
import {
  ALL_EVENTS,
  type Breaks,
  type Cluster,
  createCluster,
  datedOf,
  FRESH_TICKS,
  type ModelDeletion,
  NOW_MS,
  nodeNames,
  play,
  ruleText,
  type Story,
  settle,
  stories,
  syncAll,
  type Weights,
} from './testing.ts';
import {
  type Archive,
  EMPTY_POLICY,
  type GroupKey,
  type GroupLevel,
  type Policy,
  type Rule,
  type Verdict,
} from './types.ts';

/** 1,000 stories for each law; `npm run test:long` takes 100,000. */
const LONG = process.env.WARDEN_DEV_LONG === '1';

/** Throws where something is not as it must be in a story, with the protocol as it is or broken. */
type Holds<S extends Story> = (story: S, breaks: Breaks) => void;

const laws = new Map<string, (breaks: Breaks) => fc.IProperty<[Story]>>();

/** A sentence that holds for every story. */
function law<S extends Story>(name: string, told: fc.Arbitrary<S>, holds: Holds<S>): void {
  const propertyOf = (breaks: Breaks) => fc.property(told, (story) => holds(story, breaks));
  laws.set(name, propertyOf as unknown as (breaks: Breaks) => fc.IProperty<[Story]>);
  it(name, { timeout: LONG ? 30 * 60_000 : 60_000 }, () => {
    fc.assert(propertyOf({}), { numRuns: LONG ? 100_000 : 1_000 });
  });
}

/** Lets a story happen, and asks something of each deletion. */
function tell(
  story: Story,
  breaks: Breaks,
  judge: (deletion: ModelDeletion, cluster: Cluster) => void = () => {},
): Cluster {
  const cluster: Cluster = createCluster(
    { names: nodeNames(story), policy: story.policies[0], startMs: NOW_MS, breaks },
    (deletion) => judge(deletion, cluster),
  );
  play(cluster, story, story.events);
  return cluster;
}

const idOf = ({ node, name }: Archive): string => `${node}/${name}`;
const bytesOf = (all: readonly Dated[]): number =>
  all.reduce((sum, { archive }) => sum + archive.sizeBytes, 0);
const levelOf = (key: GroupKey): GroupLevel =>
  (['namespace', 'pod', 'container'] as const)[key.split('/').length - 1] ?? 'namespace';
const isRule = (rule: Verdict['rule']): rule is Rule => rule !== undefined && 'groups' in rule;

/** Those of some archives that a policy puts into a group of a rule, as {@link ruleText} names it. */
function inGroup(archives: Iterable<Archive>, policy: Policy, rule: string, key: GroupKey): Archive[] {
  return [...archives].filter(({ owner }) => {
    const governing = owner && governingRule(policy.rules, owner);
    return (
      owner !== undefined &&
      governing !== undefined &&
      ruleText(policy, governing, owner.namespace) === rule &&
      groupKey(levelOf(key), owner) === key
    );
  });
}

/** Newer ones of a group: its node's own as they are now, the others' as they were when the facts in use were gathered. */
function newerAsKnown({ node, verdict, facts }: ModelDeletion, cluster: Cluster, key: GroupKey): Dated[] {
  const { archive, rule } = verdict;
  if (!isRule(rule) || archive.owner === undefined) return [];
  const { policy, archives } = node;
  const text = ruleText(policy, rule, archive.owner.namespace);
  const all = datedOf(inGroup(archives.values(), policy, text, key), cluster.nowMs);
  for (const [name, { atTick, truth }] of facts?.heard ?? []) {
    if (name === node.name || cluster.tick - atTick > FRESH_TICKS) continue;
    const theirs = inGroup(truth.archives, truth.policy, text, key);
    all.push(...datedOf(inGroup(theirs, policy, text, key), truth.nowMs));
  }
  return newerThan(archive, all, cluster);
}

/** Those of the whole group that are newer and exist, wherever. */
function newerNow({ node: { policy }, verdict }: ModelDeletion, cluster: Cluster, key: GroupKey): Dated[] {
  const { archive, rule } = verdict;
  if (!isRule(rule) || archive.owner === undefined) return [];
  const text = ruleText(policy, rule, archive.owner.namespace);
  const all = cluster.nodes.flatMap(({ archives }) => inGroup(archives.values(), policy, text, key));
  return newerThan(archive, datedOf(all, cluster.nowMs), cluster);
}

function newerThan(archive: Archive, all: readonly Dated[], { nowMs }: Cluster): Dated[] {
  const [own] = datedOf([archive], nowMs);
  const newer = all.filter((other) => own !== undefined && compareNewestFirst(other, own) < 0);
  const byName = new Map(newer.map((other) => [other.archive.name, other])); // a copy is the same archive
  byName.delete(archive.name);
  return [...byName.values()];
}

function expectFilled({ verdict }: ModelDeletion, newer: readonly Dated[]): void {
  const { archive, reason, rule, group } = verdict;
  if (group === undefined || !isRule(rule)) return;
  const limits = rule.groups.find(({ level }) => level === levelOf(group));
  if (reason === 'over-count') expect(newer.length).toBeGreaterThanOrEqual(limits?.maxCount ?? Infinity);
  else expect(bytesOf(newer) + archive.sizeBytes).toBeGreaterThan(limits?.maxTotalBytes ?? Infinity);
}

const idsOf = (archives: Iterable<Archive>): string[] => Array.from(archives, idOf).sort();
const allOf = (cluster: Cluster): Archive[] =>
  cluster.nodes.flatMap(({ archives }) => [...archives.values()]);

/** Groups that are due at any of their holders. */
function dueAnywhere({ nodes, nowMs, isDueAt }: Cluster): Set<GroupKey> {
  const due = new Set<GroupKey>();
  for (const node of nodes) {
    for (const { key, rule } of sharedGroups([...node.archives.values()], node.policy, nowMs))
      if (isDueAt(node, key, rule)) due.add(key);
  }
  return due;
}

/** What one planner of all nodes would delete. */
function deletedByOne(cluster: Cluster, due: ReadonlySet<GroupKey> | 'all'): Archive[] {
  const { verdicts } = planRetention({
    archives: allOf(cluster),
    policy: cluster.nodes[0]?.policy ?? EMPTY_POLICY, // all have the same

    nowMs: cluster.nowMs,
    due,
    clockTrusted: true,
  });
  return verdicts
    .filter(({ action, mode }) => action === 'delete' && mode === 'Enforce')
    .map(({ archive }) => archive);
}

const isOn = (limit: number | undefined): limit is number => limit !== undefined && limit > 0;

function goneOf(before: readonly Archive[], cluster: Cluster): string[] {
  const left = new Set(idsOf(allOf(cluster)));
  return idsOf(before).filter((id) => !left.has(id));
}

/** Without what is not a matter of groups. */
const everywhere = (rule: Rule): Rule => ({ ...rule, scope: 'Cluster', maxArchiveBytes: undefined });

const countsOnly = (rule: Rule): Rule => ({
  ...everywhere(rule),
  groups: rule.groups.map(({ level, maxCount }) => ({ level, maxCount })),
});

/** With the limits of one level alone, so that no step feeds another. */
const oneLevel = (rule: Rule): Rule => ({
  ...everywhere(rule),
  groups: rule.groups
    .filter(({ maxCount, maxTotalBytes }) => isOn(maxCount) || isOn(maxTotalBytes))
    .slice(0, 1),
});

const oneCount = (rule: Rule): Rule => ({ ...oneLevel(countsOnly(rule)), maxAgeMs: undefined });

const NO_EDITS = { ...ALL_EVENTS, edit: 0 };
const COPIES = { copy: 2, move: 2 };

describe('whatever happens to facts, policies and archives,', () => {
  law(
    'an archive goes only when newer ones of its whole group fill the limit',
    stories({ ...ALL_EVENTS, ...COPIES }),
    (story, breaks) => {
      tell(story, breaks, (deletion, cluster) => {
        const { group } = deletion.verdict;
        if (group !== undefined) expectFilled(deletion, newerAsKnown(deletion, cluster, group));
      });
    },
  );

  law(
    'an archive goes only when keepLast newer ones of its container are there',
    stories({ ...ALL_EVENTS, ...COPIES }),
    (story, breaks) => {
      tell(story, breaks, (deletion, cluster) => {
        const { archive, rule } = deletion.verdict;
        if (archive.owner === undefined || !isRule(rule)) return;
        const newer = newerAsKnown(deletion, cluster, groupKey('container', archive.owner));
        expect(newer.length).toBeGreaterThanOrEqual(rule.keepLast);
      });
    },
  );

  /**
   * However old facts are. Let the limit be N. Whoever deletes has counted N newer archives of the group, each of which existed at
   * some time. If all of them still do, they fill the limit. Otherwise take, of all that were newer and are gone, the one that
   * went last: by induction N newer than it existed when it went, and none of those has gone since. They are newer than this one,
   * too, and fill the limit.
   *
   * So it needs that archives go for that one count alone: no pins, no edits, no age, no total (one that is smaller may take the
   * place of one that went), no limits of other levels.
   */
  law(
    'by one count alone an archive goes only when newer ones that are there at that very moment fill it',
    stories({ ...NO_EDITS, ...COPIES, pin: 0, unpin: 0 }, oneCount),
    (story, breaks) => {
      tell(story, breaks, (deletion, cluster) => {
        const { group } = deletion.verdict;
        if (group !== undefined) expectFilled(deletion, newerNow(deletion, cluster, group));
      });
    },
  );
});

/**
 * More than there are levels of groups. A list is cut before the narrower limits have acted; what those take is out of the lists
 * of the next round, which then reach further.
 */
const ROUNDS = 5;

/** After the last arrival: one policy for all, and nothing is known any more. */
function calm(cluster: Cluster, policy: Policy): void {
  for (const node of cluster.nodes) node.policy = policy;
  cluster.wait(FRESH_TICKS + 1);
  cluster.forgetHeard();
}

/** A story, and what happens after its last arrival. */
function storiesAndMore(
  change: (rule: Rule) => Rule,
  weights: Weights,
): fc.Arbitrary<Story & { readonly after: Story['events'] }> {
  const more = stories({ gather: 3, tell: 3, deliver: 3, pass: 4, sync: 2 }, change);
  return fc.tuple(stories(weights, change), more).map(([story, { events }]) => ({ ...story, after: events }));
}

describe('once facts flow and nothing arrives,', () => {
  /**
   * Whoever knows less counts fewer newer ones, so nobody deletes what one planner would keep; and what that planner deletes has
   * N newer ones that it keeps, so it does not matter what went before.
   */
  law(
    'counts delete what one planner of all nodes would, in whatever order, where all has arrived under this policy',
    storiesAndMore(countsOnly, NO_EDITS),
    ({ after, ...story }, breaks) => {
      const cluster = tell(story, breaks);
      calm(cluster, story.policies[0]);
      const before = allOf(cluster);
      const expected = idsOf(deletedByOne(cluster, 'all'));
      play(cluster, story, after);
      settle(cluster, ROUNDS);
      expect(goneOf(before, cluster)).toEqual(expected);
    },
  );

  law(
    'counts delete what one planner of all nodes would, where all act on the same facts',
    stories(ALL_EVENTS, countsOnly),
    (story, breaks) => {
      const cluster = tell(story, breaks);
      calm(cluster, story.policies[0]);
      const before = allOf(cluster);
      const expected = idsOf(deletedByOne(cluster, dueAnywhere(cluster)));
      settle(cluster, ROUNDS);
      expect(goneOf(before, cluster)).toEqual(expected);
    },
  );

  /**
   * Not in whatever order: a total of 10 takes the last two of 6, 6, 3, but once the second one has gone, the third fits. And not
   * with narrower limits that have yet to act: see {@link ROUNDS}.
   */
  law(
    'totals of one level delete what one planner of all nodes would, where all act on the same facts',
    stories(ALL_EVENTS, oneLevel),
    (story, breaks) => {
      const cluster = tell(story, breaks);
      calm(cluster, story.policies[0]);
      const before = allOf(cluster);
      const expected = idsOf(deletedByOne(cluster, dueAnywhere(cluster)));
      settle(cluster, 1);
      expect(goneOf(before, cluster)).toEqual(expected);
      settle(cluster, ROUNDS);
      expect(goneOf(before, cluster)).toEqual(expected);
    },
  );

  law(
    'one planner of all nodes finds nothing more to delete',
    stories(ALL_EVENTS, everywhere),
    (story, breaks) => {
      const cluster = tell(story, breaks);
      for (const node of cluster.nodes) node.policy = story.policies[0];
      settle(cluster, ROUNDS);
      expect(idsOf(deletedByOne(cluster, dueAnywhere(cluster)))).toEqual([]);
    },
  );

  law(
    'everything that has arrived under one policy is within its limits',
    stories(NO_EDITS, everywhere),
    (story, breaks) => {
      const cluster = tell(story, breaks);
      settle(cluster, ROUNDS);
      expect(idsOf(deletedByOne(cluster, 'all'))).toEqual([]);
    },
  );
});

describe('an edit', () => {
  law('deletes nothing by itself', stories(NO_EDITS), (story, breaks) => {
    let isAtRest = false;
    const cluster = tell({ ...story, events: [] }, breaks, ({ verdict: { reason, rule } }) => {
      if (isAtRest && isRule(rule) && !rule.applyImmediately) expect(reason).toBe('expired');
    });
    const share = Math.ceil(story.events.length / story.policies.length);
    for (const [turn, policy] of story.policies.entries()) {
      isAtRest = true;
      for (const node of cluster.nodes) {
        node.policy = policy;
        cluster.pass(node);
        syncAll(cluster);
      }
      settle(cluster, 2);
      isAtRest = false;
      play(cluster, story, story.events.slice(turn * share, (turn + 1) * share));
      settle(cluster, ROUNDS);
    }
  });
});

/** The seeds are ones that show it soon; where stories are made otherwise, they are to be looked for anew. */
describe('a protocol is found to be wrong in which', () => {
  it.each<[string, keyof Breaks, string, number]>([
    ['lists are one too short', 'cutOneTooFew', 'one planner of all', 1],
    ['nobody tells what is due', 'noDue', 'everything that has arrived', 1],
    ['a used arrival is forgotten', 'dueIsNotRemembered', 'everything that has arrived', 1],
    [
      'an arrival is remembered under a rule that an edit took away',
      'oldRulesAreRemembered',
      'deletes nothing',
      2,
    ],
    ['a group is due whatever its rule', 'dueOfAnyRule', 'deletes nothing', 2],
    ['archives of groups of other rules count', 'archivesOfAnyRule', 'an archive goes only when newer', 12],
    ['copies count as other archives', 'copiesCount', 'by one count', 1],
    ['facts never expire', 'neverExpires', 'an archive goes only when newer', 1],
  ])('%s', (_, broken, name, seed) => {
    const [propertyOf] = [...laws].flatMap(([each, made]) => (each.startsWith(name) ? [made] : []));
    expect(propertyOf).toBeDefined();
    const details =
      propertyOf && fc.check(propertyOf({ [broken]: true }), { seed, numRuns: 2_000, endOnFailure: true });
    expect(details?.failed).toBe(true);
  });
});
