import fc from 'fast-check';
import type { Archive, GroupLevel, GroupLimits, Policy, Rule, RuleLevel } from '../types.ts';
import { archives } from './arbitrary-archive.ts';
import { NOW_MS } from './arbitrary-scene.ts';
import { type Cluster, type Facts, HEARD_TICKS, type ModelNode } from './cluster-model.ts';

/** What happens in a cluster. Numbers choose among what there is. */
export type Event =
  | { readonly kind: 'arrive'; readonly node: number; readonly archive: Archive }
  | { readonly kind: 'pin' | 'unpin'; readonly node: number; readonly which: number }
  | { readonly kind: 'copy' | 'move'; readonly node: number; readonly which: number; readonly to: number }
  | { readonly kind: 'gather' | 'tell' | 'pass'; readonly node: number }
  | { readonly kind: 'deliver'; readonly which: number }
  | { readonly kind: 'edit'; readonly node: number; readonly policy: number }
  | { readonly kind: 'wait'; readonly ticks: number }
  /** Everybody is asked, and told, at once. */
  | { readonly kind: 'sync' };

/** Which events a story is made of: how often each, against the others. */
export type Weights = Readonly<Partial<Record<Event['kind'], number>>>;

/** All but copies. */
export const ALL_EVENTS: Weights = {
  arrive: 14,
  pin: 1,
  unpin: 1,
  gather: 3,
  tell: 2,
  deliver: 3,
  pass: 5,
  edit: 2,
  wait: 2,
  sync: 4,
};

/** A cluster's story as plain data that a failing property can print. */
export interface Story {
  readonly nodes: number;
  readonly policies: readonly [Policy, ...Policy[]];
  readonly events: readonly Event[];
}

const number = fc.nat(59);
const kept = { nodes: ['-'], maxLength: 1, nowMs: NOW_MS - 3 }; // none from the future
const archive: fc.Arbitrary<Archive> = archives(kept)
  .filter((list) => list.length > 0)
  .map(([one]) => one as Archive);

function event(weights: Weights): fc.Arbitrary<Event> {
  const of = <K extends Event['kind']>(kind: K) => fc.constant(kind);
  const all: Record<Event['kind'], fc.Arbitrary<Event>> = {
    arrive: fc.record({ kind: of('arrive'), node: number, archive }),
    pin: fc.record({ kind: of('pin'), node: number, which: number }),
    unpin: fc.record({ kind: of('unpin'), node: number, which: number }),
    copy: fc.record({ kind: of('copy'), node: number, which: number, to: number }),
    move: fc.record({ kind: of('move'), node: number, which: number, to: number }),
    gather: fc.record({ kind: of('gather'), node: number }),
    tell: fc.record({ kind: of('tell'), node: number }),
    pass: fc.record({ kind: of('pass'), node: number }),
    deliver: fc.record({ kind: of('deliver'), which: number }),
    edit: fc.record({ kind: of('edit'), node: number, policy: number }),
    wait: fc.record({ kind: of('wait'), ticks: fc.integer({ min: 1, max: HEARD_TICKS }) }),
    sync: fc.record({ kind: of('sync') }),
  };
  return fc.oneof(
    ...Object.entries(weights).map(([kind, weight]) => ({ weight, arbitrary: all[kind as Event['kind']] })),
  );
}

/** `value`, or a few times out of ten `undefined`. */
function mostly<T>(value: fc.Arbitrary<T>, never = 3): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: 10 - never, arbitrary: value },
    { weight: never, arbitrary: fc.constant(undefined) },
  );
}

function limits(level: GroupLevel): fc.Arbitrary<GroupLimits> {
  return fc.record({
    level: fc.constant(level),
    maxCount: mostly(fc.integer({ min: 1, max: 4 })),
    maxTotalBytes: mostly(fc.integer({ min: 4, max: 24 }), 7),
  });
}

/** A rule of few names and many limits, so that groups on several nodes meet them. */
function ruleOf(level: RuleLevel): fc.Arbitrary<Omit<Rule, 'id'>> {
  const namespace = fc.constantFrom('a', 'a', '*');
  const pod = fc.constantFrom('p', 'p', 'p-a', '*');
  const container = fc.constantFrom('c', 'b-c', '*');
  const names: Record<RuleLevel, fc.Arbitrary<Pick<Rule, GroupLevel>>> = {
    global: fc.constant({}),
    namespace: fc.record({ namespace }),
    pod: fc.record({ namespace, pod }),
    container: fc.record({ namespace, pod, container }),
  };
  const groups =
    level === 'global'
      ? fc.tuple(limits('container'), limits('pod'), limits('namespace'))
      : fc.tuple(limits(level));
  const rest = fc.record({
    level: fc.constant(level),
    mode: fc.constantFrom('Enforce', 'Enforce', 'Enforce', 'Enforce', 'Audit'),
    applyImmediately: fc.constantFrom(false, false, false, true),
    scope: fc.constantFrom('Cluster', 'Cluster', 'Cluster', 'Cluster', 'Node'),
    retainOrphan: fc.constant(true),
    orphanGraceMs: fc.constant(0),
    maxArchiveBytes: mostly(fc.constant(8), 8),
    maxAgeMs: mostly(fc.integer({ min: 8, max: 30 }), 7),
    keepLast: fc.constantFrom(0, 0, 0, 1, 2),
    groups,
  } as const);
  return fc.tuple(names[level], rest).map(([fields, rule]) => ({ ...fields, ...rule }));
}

/** Mostly one that governs all, with or without exceptions. */
const rules: fc.Arbitrary<Rule[]> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: ruleOf('global') }, { weight: 1, arbitrary: ruleOf('namespace') }),
    fc.array(fc.oneof(ruleOf('namespace'), ruleOf('pod'), ruleOf('container')), { maxLength: 2 }),
  )
  .map(([broad, narrow]) =>
    [broad, ...narrow].map((rule, index) => ({ id: `test/rules[${index}]`, ...rule })),
  );

/** A policy and what edits make of it, one after the other; the last may bring the first back. */
function policiesOf(base: fc.Arbitrary<Rule[]>): fc.Arbitrary<[Policy, ...Policy[]]> {
  const edit = fc.record({ at: number, how: fc.nat(3) });
  return fc.tuple(base, fc.array(edit, { maxLength: 2 })).map(([first, list]) => {
    const all: [Policy, ...Policy[]] = [{ rules: first }];
    let last = first;
    for (const { at, how } of list) {
      const which = at % last.length;
      last = last.flatMap((rule, index) => (index === which ? edited(rule, how, last.length > 1) : [rule]));
      all.push({ rules: last });
    }
    return all;
  });
}

function edited(rule: Rule, how: number, mayGo: boolean): Rule[] {
  if (how === 0 && mayGo) return [];
  if (how === 1) return [{ ...rule, mode: rule.mode === 'Audit' ? 'Enforce' : 'Audit' }];
  const change = how === 2 ? 1 : -1;
  const groups = rule.groups.map((each) =>
    each.maxCount === undefined ? each : { ...each, maxCount: Math.max(1, each.maxCount + change) },
  );
  return [{ ...rule, groups }];
}

/**
 * Stories of one to five nodes.
 *
 * @param change - what to make of each rule, to leave something out
 */
export function stories(
  weights: Weights = ALL_EVENTS,
  change: (rule: Rule) => Rule = (rule) => rule,
): fc.Arbitrary<Story> {
  return fc.record({
    nodes: fc.constantFrom(2, 3, 2, 3, 4, 5, 1),
    policies: policiesOf(rules.map((list) => list.map(change))),
    events: fc.array(event(weights), { minLength: 10, maxLength: 50, size: 'max' }),
  });
}

export function nodeNames({ nodes }: Story): string[] {
  return Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
}

/** Lets events happen. */
export function play(cluster: Cluster, { policies }: Story, events: readonly Event[]): void {
  const nodeOf = (index: number) => cluster.nodes[index % cluster.nodes.length] as ModelNode;
  const inFlight: { readonly node: ModelNode; readonly facts: Facts }[] = [];
  for (const one of events) {
    switch (one.kind) {
      case 'arrive': {
        const node = nodeOf(one.node);
        cluster.arrive(node, one.archive);
        break;
      }
      case 'pin':
      case 'unpin': {
        const node = nodeOf(one.node);
        const pinned = one.kind === 'pin';
        const found = [...node.archives.values()].filter((each) => each.pinned !== pinned);
        const chosen = found[one.which % found.length];
        if (chosen !== undefined) cluster.setPinned(node, chosen, pinned);
        break;
      }
      case 'copy':
      case 'move': {
        const [from, to] = [nodeOf(one.node), nodeOf(one.to)];
        const found = [...from.archives.values()];
        const chosen = found[one.which % found.length];
        if (chosen !== undefined && from !== to) cluster.copy(from, chosen, to, one.kind === 'move');
        break;
      }
      case 'gather':
        cluster.gather(nodeOf(one.node));
        break;
      case 'tell': {
        const node = nodeOf(one.node);
        inFlight.push({ node, facts: cluster.compose(node) });
        break;
      }
      case 'deliver': {
        const message = inFlight[one.which % inFlight.length];
        if (message !== undefined) cluster.deliver(message.node, message.facts);
        break;
      }
      case 'pass':
        cluster.pass(nodeOf(one.node));
        break;
      case 'edit':
        nodeOf(one.node).policy = policies[one.policy % policies.length] ?? policies[0];
        break;
      case 'wait':
        cluster.wait(one.ticks);
        break;
      case 'sync':
        syncAll(cluster);
        break;
    }
  }
}

/** Everybody is asked, then everybody told. */
export function syncAll(cluster: Cluster): void {
  for (const node of cluster.nodes) cluster.gather(node);
  for (const node of cluster.nodes) cluster.deliver(node, cluster.compose(node));
}

/** Rounds in which everybody is asked, told, and plans. */
export function settle(cluster: Cluster, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    syncAll(cluster);
    for (const node of cluster.nodes) cluster.pass(node);
  }
}
