import { compareNewestFirst, type Dated, orderTimeMs } from '../archive-order.ts';
import { governingRule } from '../governing-rule.ts';
import { groupKeysOf, namespaceOf } from '../group-key.ts';
import { matchesPattern } from '../name-pattern.ts';
import { planRetention } from '../plan-retention.ts';
import { countThatMatter, type GroupReach, mayExceed, reachOf, sharedGroups } from '../shared-groups.ts';
import type { Archive, GroupKey, GroupLevel, Policy, Rule, Verdict } from '../types.ts';

/** How long facts about other nodes count, in ticks of the model's clock. */
export const FRESH_TICKS = 6;
/** How long a node may be silent before its archives are left out, in ticks. */
export const HEARD_TICKS = 4;

/** What a node says of one of its groups. */
interface Told {
  readonly rule: Rule;
  /** See {@link ruleText}. */
  readonly text: string;
  readonly level: GroupLevel;
  readonly key: GroupKey;
  readonly count: number;
  readonly bytes: number;
  readonly due: ReadonlySet<GroupKey>;
  /** Newest first, as many as the limits can use. */
  readonly newest: readonly Dated[];
}

/** What the controller last heard of a node. */
export interface Heard {
  readonly atTick: number;
  readonly groups: ReadonlyMap<string, Told>;
  /** All that lay there then, and by which policy: not told to anybody, for whoever judges. */
  readonly truth: { readonly archives: readonly Archive[]; readonly policy: Policy; readonly nowMs: number };
}

interface RemoteGroup {
  readonly rule: string;
  readonly key: GroupKey;
  readonly due: ReadonlySet<GroupKey>;
  readonly archives: readonly Archive[];
}

/** What a node was told of the others, as a whole. */
export interface Facts {
  readonly revision: number;
  readonly asOfTick: number;
  readonly groups: readonly RemoteGroup[];
  /** Where that came from, for whoever judges. */
  readonly heard: ReadonlyMap<string, Heard>;
}

export interface ModelNode {
  readonly name: string;
  policy: Policy;
  readonly archives: Map<string, Archive>;
  /** Groups with an arrival since the last pass. */
  readonly due: Set<GroupKey>;
  /** By group: the rules under which something last arrived there, once that is used up. */
  readonly arrivedUnder: Map<GroupKey, ReadonlySet<string>>;
  facts: Facts | undefined;
}

/** One deletion as it is about to happen. */
export interface ModelDeletion {
  readonly node: ModelNode;
  readonly verdict: Verdict;
  /** The facts that the plan counted. */
  readonly facts: Facts | undefined;
}

/** How the model can be broken, to see that the laws notice. */
export interface Breaks {
  readonly cutOneTooFew?: boolean;
  readonly noDue?: boolean;
  readonly dueOfAnyRule?: boolean;
  readonly dueIsNotRemembered?: boolean;
  readonly copiesCount?: boolean;
  readonly oldRulesAreRemembered?: boolean;
  readonly archivesOfAnyRule?: boolean;
  readonly neverExpires?: boolean;
}

export interface ClusterOptions {
  /** Of the nodes. */
  readonly names: readonly string[];
  /** That all begin with. */
  readonly policy: Policy;
  /** Unix ms; a tick is one. */
  readonly startMs: number;
  readonly breaks: Breaks;
}

/** The nodes, the controller between them, and a clock. See {@link createCluster}. */
export interface Cluster {
  readonly nodes: readonly ModelNode[];
  readonly nowMs: number;
  readonly tick: number;
  wait(ticks: number): void;
  /** A name of its own is given to it. */
  arrive(node: ModelNode, archive: Archive): void;
  /** Somebody copies an archive to another node, under its name, or moves it there. */
  copy(from: ModelNode, archive: Archive, to: ModelNode, isMove: boolean): void;
  setPinned(node: ModelNode, archive: Archive, pinned: boolean): void;
  /** The controller asks a node for its groups. */
  gather(node: ModelNode): void;
  /** What the controller would tell a node now. */
  compose(node: ModelNode): Facts;
  /** A message reaches a node, which refuses what is older than what it has. */
  deliver(node: ModelNode, facts: Facts): void;
  /** A node plans and deletes. */
  pass(node: ModelNode): void;
  /** Which groups a node holds for due under the rule whose they are. */
  isDueAt(node: ModelNode, key: GroupKey, rule: Rule): boolean;
  forgetHeard(): void;
}

const known = new WeakMap<Policy, Map<string, string>>();

/**
 * What tells a rule from every other one as it stands in a namespace, among the entries that there are for it: the same on every
 * node where the very same ones are in force.
 */
export function ruleText(policy: Policy, rule: Rule, namespace: string): string {
  const ofPolicy = known.get(policy) ?? new Map<string, string>();
  known.set(policy, ofPolicy);
  const key = `${policy.rules.indexOf(rule)} ${namespace}`;
  const before = ofPolicy.get(key);
  if (before !== undefined) return before;
  const entries = policy.rules
    .filter((each) => each.namespace === undefined || matchesPattern(each.namespace, namespace))
    .map(({ level, namespace: pattern, pod, container }) => [level, pattern, pod, container]);
  const text = JSON.stringify([rule, entries]);
  ofPolicy.set(key, text);
  return text;
}

/**
 * The protocol by which limits hold across nodes, without network, wire and disks: the product's pure functions, and in between what
 * agents and controller do with them. Messages are values; who calls `deliver` decides which of them come, and when.
 *
 * @param onDeletion - told of each deletion before it happens
 */
export function createCluster(
  { names, policy, startMs, breaks }: ClusterOptions,
  onDeletion: (deletion: ModelDeletion) => void,
): Cluster {
  const nodes = names.map(
    (name): ModelNode => ({
      name,
      policy,
      archives: new Map(),
      due: new Set(),
      arrivedUnder: new Map(),
      facts: undefined,
    }),
  );
  const heard = new Map<string, Heard>();
  let tick = 0;
  let revision = 0;
  let arrivals = 0;
  const nowMs = () => startMs + tick;

  function isDueAt({ due, arrivedUnder, policy }: ModelNode, key: GroupKey, rule: Rule): boolean {
    const text = ruleText(policy, rule, namespaceOf(key));
    return due.has(key) || arrivedUnder.get(key)?.has(text) === true;
  }

  function tellGroups(node: ModelNode): Map<string, Told> {
    const groups = new Map<string, Told>();
    for (const group of sharedGroups([...node.archives.values()], node.policy, nowMs())) {
      const { rule, level, key, archives } = group;
      const reach = reachOf(rule, level);
      if (reach === undefined) throw new Error(`${key} is shared without a limit`);
      const newest = cut(archives, reach);
      const text = ruleText(node.policy, rule, namespaceOf(key));
      groups.set(`${text} ${key}`, {
        text,
        rule,
        level,
        key,
        count: archives.length,
        bytes: bytesOf(archives),
        due: new Set(keysWithin(key, newest).filter((each) => isDueAt(node, each, rule))),
        newest,
      });
    }
    return groups;
  }

  function cut(archives: readonly Dated[], reach: GroupReach): readonly Dated[] {
    const count = countThatMatter(
      archives.map(({ archive }) => archive.sizeBytes),
      reach,
    );
    return archives.slice(0, breaks.cutOneTooFew ? Math.max(0, count - 1) : count);
  }

  function compose(node: ModelNode): Facts {
    const recent = new Map([...heard].filter(([, { atTick }]) => tick - atTick <= HEARD_TICKS));
    const own = recent.get(node.name);
    const groups: RemoteGroup[] = [];
    for (const [id, { rule, text, level, key }] of own?.groups ?? []) {
      const holders = [...recent.values()].flatMap(({ groups: theirs }) => theirs.get(id) ?? []);
      const reach = reachOf(rule, level);
      if (holders.length < 2 || reach === undefined) continue;
      const sum = (of: (told: Told) => number) => holders.reduce((all, told) => all + of(told), 0);
      if (
        !mayExceed(
          sum(({ count }) => count),
          sum(({ bytes }) => bytes),
          reach,
        )
      )
        continue;
      const listed = cut(holders.flatMap(({ newest }) => newest).sort(compareNewestFirst), reach);
      const due = new Set(holders.flatMap((told) => [...told.due]));
      groups.push({
        rule: text,
        key,
        due: new Set(breaks.noDue ? [] : keysWithin(key, listed).filter((each) => due.has(each))),
        archives: listed.map(({ archive, timeMs }) => ({ ...archive, createdAtMs: timeMs })),
      });
    }
    const asOfTick = Math.min(tick, ...Array.from(recent.values(), ({ atTick }) => atTick));
    return { revision: ++revision, asOfTick, groups, heard: recent };
  }

  function usable({ name, policy }: ModelNode, facts: Facts | undefined) {
    const remote = new Map<string, Archive>();
    const due = new Set<GroupKey>();
    for (const group of facts?.groups ?? []) {
      const within = new Set<GroupKey>();
      for (const archive of group.archives) {
        const rule = archive.owner && governingRule(policy.rules, archive.owner);
        const isSame = rule !== undefined && ruleText(policy, rule, namespaceOf(group.key)) === group.rule;
        if (archive.owner !== undefined && (isSame || breaks.dueOfAnyRule))
          for (const key of groupKeysOf(archive.owner)) within.add(key);
        if (archive.node === name) continue;
        const id = `${archive.node}/${archive.name}`;
        if (isSame || breaks.archivesOfAnyRule)
          remote.set(id, breaks.copiesCount ? { ...archive, name: id } : archive);
      }
      for (const key of group.due) if (within.has(key)) due.add(key);
    }
    return { remote: [...remote.values()], due };
  }

  /** An archive arrives when it can be counted, also when a pin is taken away. */
  function put(node: ModelNode, archive: Archive): void {
    node.archives.set(archive.name, archive);
    if (archive.owner === undefined || archive.pinned || archive.state !== 'complete') return;
    for (const key of groupKeysOf(archive.owner)) node.due.add(key);
  }

  /** Arrivals under rules that are not in force any more are over. */
  function forgetOtherRules({ arrivedUnder, policy }: ModelNode): void {
    for (const [key, texts] of arrivedUnder) {
      const inForce = policy.rules.map((rule) => ruleText(policy, rule, namespaceOf(key)));
      const left = inForce.filter((text) => texts.has(text));
      arrivedUnder.set(key, new Set(breaks.oldRulesAreRemembered ? texts : left));
    }
  }

  /** Uses arrivals up: remembers the rules that they were under, and forgets groups that are not there any more. */
  function useUp({ archives, arrivedUnder, due, policy }: ModelNode): void {
    const there = new Map<GroupKey, Set<string>>();
    for (const { owner, pinned, state } of archives.values()) {
      const rule = owner && governingRule(policy.rules, owner);
      for (const key of owner === undefined ? [] : groupKeysOf(owner)) {
        const texts = there.get(key) ?? new Set();
        there.set(key, texts);
        if (rule !== undefined && !pinned && state === 'complete')
          texts.add(ruleText(policy, rule, namespaceOf(key)));
      }
    }
    for (const key of arrivedUnder.keys()) if (!there.has(key)) arrivedUnder.delete(key);
    for (const [key, texts] of there)
      if (due.has(key) && !breaks.dueIsNotRemembered) arrivedUnder.set(key, texts);
    due.clear();
  }

  return {
    nodes,
    get nowMs() {
      return nowMs();
    },
    get tick() {
      return tick;
    },
    wait(ticks) {
      tick += ticks;
    },
    arrive(node, archive) {
      arrivals += 1;
      put(node, { ...archive, name: `archive-${String(arrivals).padStart(3, '0')}.tar`, node: node.name });
    },
    copy(from, archive, to, isMove) {
      if (isMove) from.archives.delete(archive.name);
      put(to, { ...archive, node: to.name, mtimeMs: nowMs(), pinned: false });
    },
    setPinned: (node, archive, pinned) => put(node, { ...archive, pinned }),
    gather(node) {
      const truth = { archives: [...node.archives.values()], policy: node.policy, nowMs: nowMs() };
      heard.set(node.name, { atTick: tick, groups: tellGroups(node), truth });
    },
    compose,
    deliver(node, facts) {
      if (node.facts === undefined || facts.revision > node.facts.revision) node.facts = facts;
    },
    pass(node) {
      forgetOtherRules(node);
      const isFresh =
        node.facts !== undefined && (breaks.neverExpires || tick - node.facts.asOfTick <= FRESH_TICKS);
      const facts = isFresh ? node.facts : undefined;
      const { remote, due } = usable(node, facts);
      const plan = planRetention({
        archives: [...node.archives.values()],
        policy: node.policy,
        nowMs: nowMs(),
        remote,
        due: new Set([...node.due, ...due]),
        clockTrusted: true,
      });
      const deletions = plan.verdicts.filter(({ action, mode }) => action === 'delete' && mode === 'Enforce');
      for (const verdict of deletions) onDeletion({ node, verdict, facts });
      for (const { archive } of deletions) node.archives.delete(archive.name);
      useUp(node);
    },
    isDueAt,
    forgetHeard: () => heard.clear(),
  };
}

/** A group's key, and the narrower ones of archives in it. */
function keysWithin(group: GroupKey, archives: readonly Dated[]): GroupKey[] {
  const keys = archives.flatMap(({ archive: { owner } }) => (owner === undefined ? [] : groupKeysOf(owner)));
  return [...new Set([group, ...keys.filter((key) => key.startsWith(`${group}/`))])];
}

function bytesOf(archives: readonly Dated[]): number {
  return archives.reduce((sum, { archive }) => sum + archive.sizeBytes, 0);
}

/** What counts of some archives, dated. */
export function datedOf(archives: Iterable<Archive>, nowMs: number): Dated[] {
  return [...archives].flatMap((archive) => {
    const timeMs = orderTimeMs(archive, nowMs);
    return timeMs === undefined || archive.pinned || archive.state !== 'complete'
      ? []
      : [{ archive, timeMs }];
  });
}
