import { fileIdKey } from '@checkpoint-warden/agent';
import type { MemoryAgentHooks, ServiceAnswer, ServiceCall } from '@checkpoint-warden/agent/testing';
import {
  CONFIRMS_HEADER,
  type OwnersPush,
  type PolicyPush,
  policyHash,
  type RemoteArchivesPush,
} from '@checkpoint-warden/api';
import {
  type Archive,
  EMPTY_POLICY,
  type Owner,
  type Policy,
  type Rule,
  type Verdict,
} from '@checkpoint-warden/policy';
import { referencePlan } from '@checkpoint-warden/policy/testing';
import type { AgentNode } from './agent-node.ts';
import type { LeaderTerm } from './controller-process.ts';
import { createKnownArchives } from './known-archives.ts';
import { whyWithinLimits } from './limits-across-nodes.ts';
import type { Statistics } from './statistics.ts';
import {
  createToldArchives,
  epochText,
  NOTHING_TOLD,
  type ToldArchives,
  type ToldFacts,
} from './told-archives.ts';
import { ownerKey, type Truth } from './truth.ts';

/** Facts are acted on for so long (design, 4.5). */
const FRESH_MS = 30_000;
/**
 * A hold reaches every agent within the time that a leader goes on without the Lease, and that what it had told before is
 * acted on.
 */
const HOLD_REACHES_MS = 10_000 + FRESH_MS;
/** A clock must run steadily for so long to be trusted again (safety rule 11). */
const STEADY_MS = 10 * 60_000;
const CREATED_AT = /-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\.tar$/;

/** Who sent a message, as the network knows it. */
export interface Sender {
  readonly identity: string;
  readonly term: LeaderTerm | undefined;
  /** Spans in which its watch of pods brought nothing at once. */
  readonly blindSpans: () => readonly { readonly fromMs: number; readonly toMs: number }[];
}

type Intents = Parameters<NonNullable<MemoryAgentHooks['onIntents']>>[0];
type Intent = Intents[number];

/** The last owner states that an agent took, as of one of its moments. */
interface Facts {
  readonly goneForMs: ReadonlyMap<string, number>;
  readonly asOfMs: number;
  readonly instance: string;
  readonly sender: Sender;
}

interface Order {
  readonly epoch: string;
  readonly revision: number;
}

/** What one agent has been told and not refused, over all its starts. */
interface Told {
  policy: Policy;
  policyHash: string;
  lastPolicy: Order;
  lastOwners: Order;
  lastRemote: Order;
  readonly remote: ToldArchives;
  /** The latest of all messages. */
  latestEpoch: string;
  facts: Facts | undefined;
}

const NEVER_TOLD: Order = { epoch: '', revision: 0 };

export interface Oracle {
  readonly violations: string[];
  /** A request reached an agent, which answered. */
  delivered(node: AgentNode, call: ServiceCall, answer: ServiceAnswer, sender: Sender): void;
  hooksFor(node: AgentNode): MemoryAgentHooks;
}

export interface OraclePorts {
  readonly truth: Truth;
  readonly monotonicMs: () => number;
  readonly statistics: Statistics;
}

/**
 * Asks of everything that happens: was it right? It knows what the API server said and when, what lies on the disks, and which
 * messages reached the agents; it shares no code with what it judges but the compiler and the reference planner.
 */
export function createOracle({ truth, monotonicMs, statistics }: OraclePorts): Oracle {
  const violations: string[] = [];
  const toldBy = new Map<string, Told>();
  const known = createKnownArchives(monotonicMs);
  /** Epochs by the leadership that used them. */
  const leaders = new Map<string, LeaderTerm>();

  const blame = (what: string) => void violations.push(`${Math.round(monotonicMs())} ms: ${what}`);

  function toldTo({ name }: AgentNode): Told {
    const told = toldBy.get(name) ?? {
      policy: EMPTY_POLICY,
      policyHash: '',
      lastPolicy: NEVER_TOLD,
      lastOwners: NEVER_TOLD,
      lastRemote: NEVER_TOLD,
      remote: createToldArchives(),
      latestEpoch: '',
      facts: undefined,
    };
    toldBy.set(name, told);
    return told;
  }

  /** Safety rule 8: once a later leader was obeyed, no earlier one is; and in one epoch nothing goes back. */
  function judgeOrder(
    node: AgentNode,
    kind: 'lastPolicy' | 'lastOwners' | 'lastRemote',
    push: PolicyPush | OwnersPush | RemoteArchivesPush,
  ): Order {
    const told = toldTo(node);
    const epoch = epochText(push.epoch.leaseCreated, push.epoch.leaseTransitions);
    const last = told[kind];
    if (epoch < told.latestEpoch) blame(`${node.name} obeyed ${epoch} after ${told.latestEpoch}`);
    else if (epoch === last.epoch && push.revision < last.revision)
      blame(`${node.name} took ${kind} ${push.revision} after ${last.revision} of the same epoch`);
    if (epoch > told.latestEpoch) told.latestEpoch = epoch;
    return { epoch, revision: push.revision };
  }

  function judgeSender(epoch: string, { identity, term }: Sender): void {
    if (term === undefined) return;
    const other = leaders.get(epoch);
    if (other !== undefined && other !== term && truth.restores === 0)
      blame(`${identity} and ${other.identity} both lead as ${epoch}`);
    leaders.set(epoch, term);
  }

  function acceptedPolicy(node: AgentNode, push: PolicyPush, sender: Sender): void {
    const told = toldTo(node);
    const order = judgeOrder(node, 'lastPolicy', push);
    judgeSender(order.epoch, sender);
    told.lastPolicy = order;
    told.policy = push.policy as Policy;
    told.policyHash = policyHash(told.policy);
    if (!truth.wasEver(node.name, told.policyHash))
      blame(`${node.name} was given a policy that no state of the policies makes`);
  }

  function acceptedOwners(node: AgentNode, push: OwnersPush, sender: Sender): void {
    const told = toldTo(node);
    const order = judgeOrder(node, 'lastOwners', push);
    judgeSender(order.epoch, sender);
    const isRepeated = order.epoch === told.lastOwners.epoch && order.revision === told.lastOwners.revision;
    told.lastOwners = order;
    const [instance = '', asOf] = push.asOf.split('/');
    if (instance !== node.agent?.instance) blame(`${node.name} took facts for another start of its agent`);
    if (isRepeated) return;
    const goneForMs = new Map(
      push.absent.map(({ namespace, pod, container, absentSince, confirmedAt }) => [
        ownerKey(namespace, pod, container),
        Date.parse(confirmedAt) - Date.parse(absentSince),
      ]),
    );
    told.facts = { goneForMs, asOfMs: Number(asOf), instance, sender };
    statistics.count('facts', 'owner states taken');
  }

  function acceptedRemoteArchives(node: AgentNode, push: RemoteArchivesPush, sender: Sender): void {
    const told = toldTo(node);
    const order = judgeOrder(node, 'lastRemote', push);
    judgeSender(order.epoch, sender);
    told.lastRemote = order;
    if (!told.remote.accepted(push, order.epoch)) blame(`${node.name} took changes of what it does not have`);
    if (push.changes !== undefined) statistics.count('facts', 'changes of remote archives taken');
    const [instance = ''] = push.asOf.split('/');
    if (instance !== node.agent?.instance) blame(`${node.name} took facts for another start of its agent`);
    statistics.count('facts', push.groups.length > 0 ? 'remote archives taken' : 'no remote archives taken');
  }

  function archivesOn({ name: node, disk: { store } }: AgentNode): Archive[] {
    return [...store.files].map(([name, { content }]) => ({
      name,
      node,
      sizeBytes: content.sizeBytes,
      mtimeMs: content.mtimeMs,
      createdAtMs: Date.parse(CREATED_AT.exec(name)?.[1] ?? ''),
      state: content.structure === 'complete' ? ('complete' as const) : ('incomplete' as const),
      owner: content.owner,
      pinned: store.pins.has(name),
    }));
  }

  function plan(
    node: AgentNode,
    archives: readonly Archive[],
    ownerState: (owner: Owner) => number | undefined,
    { archives: remote, due }: ToldFacts,
  ) {
    const { policy } = toldTo(node);
    const { store } = node.disk;
    return referencePlan({
      archives,
      remote,
      policy,
      nowMs: node.clock.nowMs(),
      ownerState: (owner) => {
        const goneForMs = ownerState(owner);
        return goneForMs === undefined ? { state: 'unknown' } : { state: 'absent', goneForMs };
      },
      // In which groups something has arrived here, the agent's own tests ask.
      due: new Set([...(node.agent?.inventory.due ?? []), ...due]),
      clockTrusted: true,
      disk: store.disk(),
    }).verdicts;
  }

  function judgeIntents(node: AgentNode, intents: Intents): void {
    const { facts, policy, remote } = toldTo(node);
    const isFresh = facts?.instance === node.agent?.instance && facts !== undefined;
    const goneForMs = (owner: Owner) =>
      isFresh ? facts.goneForMs.get(ownerKey(owner.namespace, owner.pod, owner.container)) : undefined;
    const { name, agent } = node;
    const told = remote.at(monotonicMs(), { name, instance: agent?.instance }, policy);
    // What it was told of owners, and of other nodes, may be too old to be acted on, and what has come may not have been noticed:
    // or cannot be looked at: what is right then is right as well.
    const there = archivesOn(node);
    const noticed = there.flatMap((archive) => {
      const known = agent?.inventory.get(archive.name)?.archive;
      return known === undefined ? [] : [{ ...archive, owner: known.owner && archive.owner }];
    });
    const plansWith = (facts: ToldFacts) =>
      [there, noticed].flatMap((archives) =>
        [goneForMs, () => undefined].flatMap((state) => plan(node, archives, state, facts)),
      );
    const alone = plansWith(NOTHING_TOLD);
    const withOthers = plansWith(told);
    for (const intent of intents) {
      const isRemote = callFor(intent, alone) === undefined && callFor(intent, withOthers) !== undefined;
      if (isRemote) statistics.count('deletions', `${intent.reason} by archives of other nodes`);
      judgeIntent(node, intent, [...alone, ...withOthers]);
    }
  }

  function judgeIntent(node: AgentNode, intent: Intent, verdicts: readonly Verdict[]): void {
    const { archive, reason, fileId } = intent;
    const there = node.disk.store.files.get(archive);
    // Gone, replaced or pinned meanwhile: the store refuses, and its own suite holds it to that.
    if (there === undefined || fileIdKey(there.fileId) !== fileId || node.disk.store.pins.has(archive))
      return;
    statistics.count('deletions', reason);
    const why = whyWrong(node, intent, verdicts);
    if (why !== undefined) blame(`${node.name} deletes ${archive} as ${reason}, but ${why}`);
  }

  function whyWrong(node: AgentNode, intent: Intent, verdicts: readonly Verdict[]): string | undefined {
    const { archive, reason, policy } = intent;
    if (policy.hash !== toldTo(node).policyHash) return 'not by the last policy that it took';
    const call = callFor(intent, verdicts);
    if (call === undefined) {
      const mine = verdicts.filter((verdict) => verdict.archive.name === archive);
      return `it is to be kept: ${mine.map((verdict) => verdict.reason).join(', ')}`;
    }
    if (call.mode !== 'Enforce') return 'the rule is in Audit mode';
    const isByTime = ['expired', 'abandoned', 'orphaned'].includes(reason);
    if (isByTime && monotonicMs() - node.steppedMs < STEADY_MS) return 'its clock has stepped';
    if (reason === 'orphaned') return whyNoOrphan(node, intent, call.rule as Rule);
    const there = archivesOn(node);
    return whyWithinLimits({
      archive: call.archive,
      reason,
      policy: toldTo(node).policy,
      nowMs: node.clock.nowMs(),
      local: there.filter(({ state, pinned }) => state === 'complete' && !pinned),
      elsewhere: known.elsewhere(node, toldTo(node).policy),
    });
  }

  /** Design 4.5, sentence by sentence. */
  function whyNoOrphan(node: AgentNode, { owner }: Intent, rule: Rule): string | undefined {
    const { facts } = toldTo(node);
    const nowMs = monotonicMs();
    if (owner === undefined || facts === undefined) return 'nobody told that its owner is gone';
    const key = ownerKey(owner.namespace, owner.pod, owner.container);
    const { asOfMs, sender } = facts;
    const graceMs = rule.orphanGraceMs;
    if (rule.retainOrphan) return 'the rule retains orphans';
    if (nowMs - asOfMs > FRESH_MS + 1) return `that is as of ${Math.round(nowMs - asOfMs)} ms ago`;
    if (!wasGone(key, { asOfMs, nowMs, graceMs, sender }))
      return `${key} was not gone for ${graceMs} ms: ${describe(key)}`;
    if (knewNoPod({ asOfMs, nowMs, sender })) return 'the API server knew no pod at all';
    if (nowMs - truth.heldSinceMs > HOLD_REACHES_MS)
      return `orphans are held since ${Math.round(nowMs - truth.heldSinceMs)} ms ago`;
    const lostMs = truth.lost.get(key);
    // Gone before already, at a moment that the facts are as of: then it had come back, unseen, for the restore to take it away.
    const wasGoneBefore =
      lostMs !== undefined && wasGone(key, { asOfMs, nowMs: lostMs - 2, graceMs, sender });
    if (lostMs !== undefined && !wasGoneBefore) {
      // A later leader has seen nothing go back: that is what the administrator's hold is for.
      if ((sender.term?.startedMs ?? nowMs) < lostMs) return 'only the state before a restore knew its owner';
      statistics.count('deletions', 'of owners lost in a restore, by a later leader');
    }
    if (graceMs > 0) statistics.count('deletions', 'orphaned after a grace');
    return undefined;
  }

  /**
   * Whether the API server had no pod at all from `asOfMs` on, and the leader could know. It goes by its watch, which may have
   * been late or dead since before the last pod went: what it has not brought yet, the leader is not blamed for. The answers about
   * the pods themselves are not believed for that: they are confirmed by the Lease.
   */
  function knewNoPod({ asOfMs, nowMs, sender }: { asOfMs: number; nowMs: number; sender: Sender }): boolean {
    const podless = truth.podlessSpan(asOfMs, nowMs);
    return podless !== undefined && !isHidden(podless, asOfMs, sender);
  }

  /** Whether the watch of the leader was blind when something began, and still at `untilMs`. */
  function isHidden({ fromMs }: { fromMs: number }, untilMs: number, { blindSpans }: Sender): boolean {
    return blindSpans().some((span) => span.fromMs <= fromMs && fromMs < span.toMs && untilMs < span.toMs);
  }

  /**
   * Whether, at some moment from `asOfMs` on, the owner did not exist and had not existed for the grace before. What came and
   * went while the watch was blind, and still was at that moment, nobody could know: it does not count.
   */
  function wasGone(
    key: string,
    { asOfMs, nowMs, graceMs, sender }: { asOfMs: number; nowMs: number; graceMs: number; sender: Sender },
  ): boolean {
    const all = truth.presencesOf(key);
    const ends = [Number.NEGATIVE_INFINITY, ...all.map(({ toMs }) => toMs)];
    return ends.some((endMs, index) => {
      const before = all.slice(0, index);
      const fromMs = Math.max(endMs, asOfMs);
      const untilMs = Math.min(all[index]?.fromMs ?? Number.POSITIVE_INFINITY, nowMs) + 1; // times are rounded
      const moments = [fromMs, ...before.map(({ toMs }) => Math.max(fromMs, toMs + graceMs))];
      return moments.some((momentMs) => {
        if (momentMs > untilMs) return false;
        const known = before.filter((presence) => !isHidden(presence, momentMs, sender));
        const isGone =
          momentMs >= Math.max(...known.map(({ toMs }) => toMs), Number.NEGATIVE_INFINITY) + graceMs;
        if (isGone && known.length < before.length)
          statistics.count('facts', 'comings unseen by a blind watch');
        return isGone;
      });
    });
  }

  function describe(key: string): string {
    const spans = truth
      .presencesOf(key)
      .map(({ fromMs, toMs }) => `${Math.round(fromMs)}-${Math.round(toMs)}`);
    return `it was there ${spans.join(', ') || 'never'}`;
  }

  return {
    violations,
    delivered(node, { method, path, body, headers }, { status }, sender) {
      if (method !== 'PUT') {
        if (status !== 200 && status !== 304) return;
        const told = toldTo(node);
        known.told(node, told.policy);
        const confirms = headers?.[CONFIRMS_HEADER];
        if (confirms === undefined) return;
        const isTaken = told.remote.confirmed(confirms, node.agent?.instance ?? '', told.latestEpoch);
        statistics.count('facts', `remote archives confirmed${isTaken ? '' : ' in vain'}`);
        return;
      }
      statistics.count('messages', `${path} ${status}`);
      if (status === 400 || status === 422) blame(`${path} is answered ${status}`);
      if (status !== 200) return;
      if (path === '/v1/policy') acceptedPolicy(node, body as PolicyPush, sender);
      else if (path === '/v1/owners') acceptedOwners(node, body as OwnersPush, sender);
      else acceptedRemoteArchives(node, body as RemoteArchivesPush, sender);
    },
    hooksFor(node) {
      let wasComplete = true;
      return {
        onIntents(intents) {
          if (node.full.audit) throw new Error('ENOSPC: no space left on device');
          judgeIntents(node, intents);
          for (const { fileId } of intents) node.intents.add(fileId);
        },
        onRemove({ name, fileId }) {
          wasComplete = node.disk.store.files.get(name)?.content.structure === 'complete';
          if (!node.intents.has(fileIdKey(fileId))) blame(`${name} is not in the audit log of ${node.name}`);
        },
        onRemoved({ name, leftover }, { result }) {
          if (result !== 'deleted') return;
          if (node.disk.store.pins.has(name)) blame(`${name} is pinned`);
          if (!wasComplete && !leftover) blame(`${name} was not complete`);
        },
      };
    },
  };
}

/** The verdict that calls for what an intent says. */
function callFor({ archive, reason }: Intent, verdicts: readonly Verdict[]): Verdict | undefined {
  return verdicts.find(
    (verdict) =>
      verdict.archive.name === archive &&
      verdict.action === 'delete' &&
      // Of a list that ends where one limit is full nobody can tell whether the other one is as well.
      (verdict.reason === reason || (isOfGroup(reason) && isOfGroup(verdict.reason))),
  );
}

function isOfGroup(reason: Verdict['reason']): boolean {
  return reason === 'over-count' || reason === 'over-total-size';
}
