import { type CompiledPolicy, formatConfirmation, type State, toWireTime } from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import type { Clock, Logger } from '@checkpoint-warden/kit';
import { compareLeaseEpochs, type LeaseEpoch } from '@checkpoint-warden/kube';
import type { Policy } from '@checkpoint-warden/policy';
import { jittered } from '../backoff.ts';
import { checkNewest } from '../groups/check-newest.ts';
import type { GroupMember } from '../groups/group-book.ts';
import { remoteChanges } from '../groups/remote-changes.ts';
import { holds, type ToldGroups } from '../groups/when-to-tell.ts';
import type { ControllerMetrics } from '../metrics.ts';
import { type HeldOwner, heldOwners } from '../owners/held-owner.ts';
import { judgeOwners } from '../owners/judge-owners.ts';
import type { OwnerBook } from '../owners/owner-book.ts';
import { isHeldForGone, type OwnerRound } from '../owners/plan-round.ts';
import { epochFromWire, epochToWire } from '../wire-epoch.ts';
import type { AgentApi } from './agent-api.ts';
import type { AgentMemory } from './agent-memory.ts';
import type { AgentPlace } from './agent-place.ts';
import { enforces, type WantedPolicy } from './next-step.ts';

/** What an agent is to enforce, as it is sent. */
export interface PolicyOrder extends WantedPolicy {
  readonly policy: Policy;
}

export interface AgentStepsPorts {
  readonly agent: AgentApi;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
  readonly book: OwnerBook;
  readonly epoch: () => LeaseEpoch;
  /** One more with each call. */
  readonly nextOwnersRevision: () => number;
  /** The agent's place in the group book. */
  readonly groups: GroupMember;
  /** One more with each call. */
  readonly nextRemoteRevision: () => number;
  /** The owners that it holds archives of have changed. */
  readonly onOwners: (before: readonly HeldOwner[], now: readonly HeldOwner[]) => void;
}

/**
 * What can be done for an agent. Each step writes what it has learned into the agent's memory.
 *
 * @throws AppError when it did not work; what had been learned by then stays
 */
export interface AgentSteps {
  poll(signal: AbortSignal): Promise<void>;
  putPolicy(order: PolicyOrder, signal: AbortSignal): Promise<void>;
  getOwners(signal: AbortSignal): Promise<void>;
  judgeOwners(round: OwnerRound, policy: Policy | undefined, signal: AbortSignal): Promise<void>;
  getGroups(signal: AbortSignal): Promise<void>;
  getNewest(signal: AbortSignal): Promise<void>;
  putRemoteArchives(signal: AbortSignal): Promise<void>;
}

/** After an order the agent is polled soon, to see what has come of it. */
const LOOK_AFTER_ORDER_MS = 1_000;
/** Where one message cannot name all owners: time to act on it, as the next one takes its place. */
const TIME_TO_ACT_MS = 2_000;
/** An agent seldom starts between a poll and the next call: one that seems to again within this time is not as it should be. */
const SELDOM_MS = 300_000;

/** Makes the steps of one agent. */
export function createAgentSteps(
  place: AgentPlace,
  memory: AgentMemory,
  ports: AgentStepsPorts,
  pollIntervalMs: () => number,
): AgentSteps {
  const { agent, clock, random, book, groups, metrics, log } = ports;

  /** Says with a poll that what the agent was told of remote archives is right still, where it is. */
  const confirmation = (): string | undefined => {
    const { state, moment, toldGroups: told } = memory;
    if (state === undefined || moment === undefined || told === undefined || told.groups.length === 0)
      return undefined;
    if (!holds(state, told) || compareLeaseEpochs(told.epoch, ports.epoch()) !== 0) return undefined;
    const { version, oldestMs } = groups.message();
    if (version !== told.version) return undefined;
    const { epoch, revision } = told;
    return formatConfirmation({
      epoch,
      revision,
      asOf: moment.text,
      olderMs: olderMs(moment.endedMs, oldestMs),
    });
  };

  /**
   * Whether an answer is of the start that was polled. Nothing is made of any other: its node may be another one, as an address
   * is given anew before the watch says so. A poll at once shows who is there.
   *
   * @throws AppError when it was polled for that a short while ago
   */
  const isOfPolledStart = ({ instance }: State['inventory']): boolean => {
    if (instance === memory.state?.inventory.instance) return true;
    const nowMs = clock.monotonicMs();
    if (nowMs - memory.otherStartMs < SELDOM_MS)
      throw new AppError(
        'CW_ERR_AGENT_ANSWER',
        `${place.url} answers again as another start of the agent than it was polled as: see whether the agent starts again and again, or two agents share the address`,
      );
    memory.otherStartMs = nowMs;
    memory.nextPollMs = nowMs;
    return false;
  };

  /** What a poll that began at `polledMs` says of the agent's groups. */
  const noteGroups = ({ groups: version, inventory, policy }: State, polledMs: number): void => {
    const { groupsOf } = memory;
    if (version === undefined || policy.source === 'file') {
      if (groupsOf !== undefined) groups.figures([], inventory.instance, polledMs);
      memory.groupsOf = undefined;
    } else if (memory.groupsDoubted || groupsOf?.instance !== inventory.instance) {
      memory.groupsOf = undefined;
    } else if (groupsOf.version === version) groups.heard(polledMs);
    memory.groupsDoubted = false;
  };

  return {
    async poll(signal) {
      const startedMs = clock.monotonicMs();
      const polled = await agent.poll(memory.etag, confirmation(), signal);
      memory.etag = polled.etag;
      const endedMs = clock.monotonicMs();
      memory.moment =
        polled.moment === undefined ? undefined : { text: polled.moment, ms: startedMs, endedMs };
      memory.nextPollMs = clock.monotonicMs() + jittered(pollIntervalMs(), random);
      if (polled.state !== undefined) {
        const { node, inventory } = polled.state;
        if (node !== place.node) {
          memory.state = undefined;
          memory.etag = undefined;
          memory.groupsOf = undefined;
          groups.figures([], inventory.instance, startedMs); // nobody is left to say that they are right
          throw new AppError('CW_ERR_AGENT_NODE', `${place.url} says that it is the agent of ${node}`);
        }
        const before = memory.state;
        if (before !== undefined && hasLostPolicy(before, polled.state)) {
          memory.etag = undefined;
          throw new AppError(
            'CW_ERR_AGENT_ANSWER',
            `${place.url} does not enforce the policy that it has confirmed`,
          );
        }
        memory.state = polled.state;
        if (before !== undefined && before.inventory.instance !== memory.state.inventory.instance)
          memory.checks = new Map();
      }
      if (memory.moment === undefined)
        throw new AppError('CW_ERR_AGENT_ANSWER', `${place.url} does not tell the moment of its answer`);
      if (memory.state !== undefined) noteGroups(memory.state, startedMs);
    },

    async putPolicy(order, signal) {
      const { hash, revision } = order;
      const policy = order.policy as CompiledPolicy; // `exactOptionalPropertyTypes` tells them apart, JSON does not
      const epoch = ports.epoch();
      const sentAt = toWireTime(clock.nowMs());
      const message = { node: place.node, epoch: epochToWire(epoch), revision, sentAt, policy };
      const inForce = await metrics.push('policy', () => agent.putPolicy(message, signal));
      if (memory.state !== undefined) memory.state = { ...memory.state, policy: inForce };
      memory.etag = undefined; // it stands for what was polled: the next poll must show what is in force
      if (memory.state === undefined || !enforces(memory.state, { hash, revision }, epoch))
        throw new AppError('CW_ERR_AGENT_ANSWER', `${place.url} enforces another policy than it was given`);
      memory.policyConfirmedMs = clock.monotonicMs();
      memory.nextPollMs = Math.min(memory.nextPollMs, memory.policyConfirmedMs + LOOK_AFTER_ORDER_MS);
    },

    async getOwners(signal) {
      const answer = await agent.getOwners(signal);
      if (!isOfPolledStart(answer.inventory)) return;
      const before = memory.owners;
      memory.ownersOf = answer.inventory;
      memory.owners = heldOwners(answer.owners);
      const keys = new Set(memory.owners.map(({ key }) => key));
      const nowMs = clock.monotonicMs();
      memory.checks = new Map(
        [...memory.checks].filter(([key, check]) => keys.has(key) || isHeldForGone(check, nowMs)),
      );
      ports.onOwners(before, memory.owners);
      // What was told of changed while it was read out: the next poll shows it.
      if (memory.state !== undefined) memory.state = { ...memory.state, inventory: memory.ownersOf };
    },

    async judgeOwners({ due, isCut }, policy, signal) {
      if (memory.moment === undefined) return;
      const asOf = memory.moment.text; // taken before anybody is asked
      const judged = await judgeOwners({
        due,
        book,
        checks: memory.checks,
        policy,
        clock,
        signal,
      });
      memory.checks = judged.checks;
      memory.whyUnknown = judged.why;
      if (!judged.mustTell) return;
      const message = {
        node: place.node,
        epoch: epochToWire(ports.epoch()),
        revision: ports.nextOwnersRevision(),
        sentAt: toWireTime(clock.nowMs()),
        asOf,
        absent: judged.absent,
      };
      memory.checks = judged.sentChecks;
      await metrics.push('owners', () => agent.putOwners(message, signal));
      memory.checks = judged.toldChecks;
      metrics.orphanSignal('told', judged.absent.length);
      if (isCut) memory.nextJudgeMs = clock.monotonicMs() + TIME_TO_ACT_MS;
      if (judged.absent.length > 0)
        log.info({ owners: judged.absent.length }, 'agent told of owners that are gone');
      memory.nextPollMs = Math.min(memory.nextPollMs, clock.monotonicMs() + LOOK_AFTER_ORDER_MS);
    },

    async getGroups(signal) {
      const startedMs = clock.monotonicMs();
      const { inventory, version, groups: figures, isWhole } = await agent.getGroups(signal);
      if (memory.state === undefined || !isOfPolledStart(inventory)) return;
      const { instance } = inventory;
      memory.groupsOf = { instance, version };
      if (memory.state.groups !== version) {
        // What was told of changed while it was read out: the next poll must show it.
        memory.state = { ...memory.state, groups: version };
        memory.etag = undefined;
      }
      memory.groupsDoubted = !isWhole;
      groups.figures(figures, instance, startedMs);
    },

    async getNewest(signal) {
      const asked = groups.toAsk();
      if (asked.length === 0) return;
      const { inventory, groups: answered } = await agent.postGroups({ groups: asked }, signal);
      if (!isOfPolledStart(inventory)) return;
      const problem = checkNewest(asked, answered);
      if (problem !== undefined) throw new AppError('CW_ERR_AGENT_ANSWER', `${place.url}: ${problem}`);
      if (!groups.newest(asked, answered)) memory.groupsDoubted = true;
    },

    async putRemoteArchives(signal) {
      const { state, moment, toldGroups: before } = memory;
      if (state === undefined || moment === undefined) return;
      const { version, groups: told, leftOut, oldestMs } = groups.message();
      const epoch = ports.epoch();
      const isHeld =
        before !== undefined && holds(state, before) && compareLeaseEpochs(before.epoch, epoch) === 0;
      const message = {
        node: place.node,
        epoch: epochToWire(epoch),
        revision: ports.nextRemoteRevision(),
        sentAt: toWireTime(clock.nowMs()),
        asOf: moment.text,
        olderMs: olderMs(moment.endedMs, oldestMs),
        ...remoteChanges(isHeld ? before : undefined, told),
      };
      memory.toldGroups = undefined; // should it have refused, all has to be said
      const inForce = await metrics.push('remote-archives', () => agent.putRemoteArchives(message, signal));
      memory.state = { ...state, remoteArchives: inForce };
      memory.etag = undefined; // it stands for what was polled: the next poll must show what is in force
      const { revision } = message;
      const { instance } = state.inventory;
      const isSame =
        before?.version === version &&
        before.instance === instance &&
        compareLeaseEpochs(before.epoch, epoch) === 0;
      const now: ToldGroups = {
        version,
        groups: told,
        leftOut,
        epoch,
        revision,
        instance,
        ms: clock.monotonicMs(),
        times: isSame ? before.times + 1 : 1,
      };
      if (!holds(memory.state, now))
        throw new AppError(
          'CW_ERR_AGENT_ANSWER',
          `${place.url} confirms other remote archives than it was told`,
        );
      memory.toldGroups = now;
      if (leftOut > 0 && leftOut !== before?.leftOut)
        log.warn(
          { groups: told.length, leftOut },
          'agent is told of some groups only: they have too many archives for one message',
        );
    },
  };
}

/** How much longer ago than a moment, which lay before `momentMs`, something was last known to be right. */
function olderMs(momentMs: number, rightMs: number): number {
  return Math.max(0, Math.ceil(momentMs - rightMs));
}

/** Whether an agent, in one start of it, has gone back behind a policy that it had in force. */
function hasLostPolicy(before: State, now: State): boolean {
  if (before.inventory.instance !== now.inventory.instance || before.policy.epoch === undefined) return false;
  if (now.policy.epoch === undefined) return true;
  const order =
    compareLeaseEpochs(epochFromWire(now.policy.epoch), epochFromWire(before.policy.epoch)) ||
    now.policy.revision - before.policy.revision;
  return order < 0;
}
