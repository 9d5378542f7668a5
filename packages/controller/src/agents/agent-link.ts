import { type CompiledPolicy, type State, toWireTime } from '@checkpoint-warden/api';
import { AppError, isAppError } from '@checkpoint-warden/errors';
import { type Clock, type Component, createWaker, type Logger } from '@checkpoint-warden/kit';
import { compareLeaseEpochs, type LeaseEpoch } from '@checkpoint-warden/kube';
import type { Policy } from '@checkpoint-warden/policy';
import { type Backoff, backoffMs, jittered } from '../backoff.ts';
import type { Limiter } from '../limiter.ts';
import type { ControllerMetrics } from '../metrics.ts';
import { type HeldOwner, heldOwners } from '../owners/held-owner.ts';
import { judgeOwners } from '../owners/judge-owners.ts';
import type { OwnerBook } from '../owners/owner-book.ts';
import { isHeldForGone, type OwnerCheck, type OwnerRound, planRound } from '../owners/plan-round.ts';
import { epochFromWire, epochToWire } from '../wire-epoch.ts';
import type { AgentApi } from './agent-api.ts';
import type { AgentPlace } from './agent-place.ts';
import type { AgentState, AgentView, OrphanCounts } from './agent-view.ts';
import { enforces, nextStep, type Step, type WantedPolicy } from './next-step.ts';

/** What an agent is to enforce, as it is sent. */
export interface PolicyOrder extends WantedPolicy {
  readonly policy: Policy;
}

/** The controller's end of the line to one agent. See {@link createAgentLink}. */
export interface AgentLink extends Component {
  readonly place: AgentPlace;
  /** Says what the agent is to enforce. */
  want(order: PolicyOrder): void;
  /** Something that the next step depends on has changed. */
  wake(): void;
  view(): AgentView;
}

export interface AgentLinkPorts {
  readonly agent: AgentApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
  readonly book: OwnerBook;
  /** Calls to agents that answer, and to those that did not last time: these must not keep the others waiting. */
  readonly lanes: { readonly answering: Limiter; readonly failing: Limiter };
  readonly epoch: () => LeaseEpoch;
  /** One more with each call. */
  readonly nextOwnersRevision: () => number;
  /** An agent has obeyed a later leader. Resolves when we are later than it, or not the leader any more. */
  readonly outrank: (epoch: LeaseEpoch) => Promise<void>;
  /** The owners that it holds archives of have changed. */
  readonly onOwners: (before: readonly HeldOwner[], now: readonly HeldOwner[]) => void;
}

export interface AgentLinkOptions {
  readonly pollIntervalMs: number;
}

/** After a failure. */
const RETRY: Backoff = { firstMs: 1_000, maxMs: 60_000 };
/** After an order the agent is polled soon, to see what has come of it. */
const LOOK_AFTER_ORDER_MS = 1_000;
/** Where one message cannot name all owners: time to act on it, as the next one takes its place. */
const TIME_TO_ACT_MS = 2_000;

/**
 * Makes what looks after one agent: it keeps on doing {@link nextStep} until the agent enforces what it is to, its owners
 * are known and judged, and polls it then. Level-triggered: every step begins from what is known, none depends on how the
 * one before ended.
 */
export function createAgentLink(
  place: AgentPlace,
  ports: AgentLinkPorts,
  { pollIntervalMs }: AgentLinkOptions,
): AgentLink {
  const { agent, clock, random, book, lanes, metrics } = ports;
  const log = ports.log.child({ node: place.node });
  const waker = createWaker(clock);

  let order: PolicyOrder | undefined;
  let reach: AgentState = 'new';
  let trouble: string | undefined;
  let failures = 0;
  let retryAtMs = Number.NEGATIVE_INFINITY;
  let nextPollMs = Number.NEGATIVE_INFINITY;
  let state: State | undefined;
  let etag: string | undefined;
  let moment: { readonly text: string; readonly ms: number } | undefined;
  let policyConfirmedMs = Number.NEGATIVE_INFINITY;
  let ownersOf: State['inventory'] | undefined;
  let owners: readonly HeldOwner[] = [];
  let checks: ReadonlyMap<string, OwnerCheck> = new Map();
  let nextJudgeMs = Number.NEGATIVE_INFINITY;
  let whyUnknown: string | undefined;
  let refusedAsStale = false;

  let orphans: OrphanCounts = { orphaned: 0, unknown: 0, why: undefined };

  const round = (): OwnerRound => {
    const nowMs = clock.monotonicMs();
    const planned = planRound({ owners, book, checks, policy: order?.policy, nowMs });
    const { orphaned, unknown } = planned;
    orphans = { orphaned, unknown, why: unknown > 0 ? (book.doubt() ?? whyUnknown) : undefined };
    return planned;
  };

  const reached = (now: AgentState, why?: string): void => {
    if (now === reach && why === trouble) return;
    if (reach !== now) {
      if (now === 'reachable' || now === 'stand-alone') {
        // After every change of leader, for each of thousands of agents, this is no news.
        log[reach === 'new' ? 'debug' : 'info']({ url: place.url, state: now }, 'agent reached');
      } else log.warn({ url: place.url, state: now, why }, 'agent cannot be used');
    }
    reach = now;
    trouble = why;
  };

  const poll = async (signal: AbortSignal): Promise<void> => {
    const startedMs = clock.monotonicMs();
    const polled = await agent.poll(etag, signal);
    etag = polled.etag;
    moment = polled.moment === undefined ? undefined : { text: polled.moment, ms: startedMs };
    nextPollMs = clock.monotonicMs() + jittered(pollIntervalMs, random);
    if (polled.state !== undefined) {
      const { node } = polled.state;
      if (node !== place.node) {
        state = undefined;
        etag = undefined;
        throw new AppError('CW_ERR_AGENT_NODE', `${place.url} says that it is the agent of ${node}`);
      }
      const before = state;
      if (before !== undefined && hasLostPolicy(before, polled.state)) {
        etag = undefined;
        throw new AppError(
          'CW_ERR_AGENT_ANSWER',
          `${place.url} does not enforce the policy that it has confirmed`,
        );
      }
      state = polled.state;
      if (before !== undefined && before.inventory.instance !== state.inventory.instance) checks = new Map();
    }
    if (moment === undefined)
      throw new AppError('CW_ERR_AGENT_ANSWER', `${place.url} does not tell the moment of its answer`);
    if (failures === 0) isAsItShould();
  };

  const isAsItShould = (): void => reached(state?.policy.source === 'file' ? 'stand-alone' : 'reachable');

  const putPolicy = async (signal: AbortSignal): Promise<void> => {
    if (order === undefined) return;
    const { hash, revision } = order;
    const policy = order.policy as CompiledPolicy; // `exactOptionalPropertyTypes` tells them apart, JSON does not
    const epoch = ports.epoch();
    const message = { epoch: epochToWire(epoch), revision, sentAt: toWireTime(clock.nowMs()), policy };
    const inForce = await metrics.push('policy', () => agent.putPolicy(message, signal));
    if (state !== undefined) state = { ...state, policy: inForce };
    etag = undefined; // it stands for what was polled: the next poll must show what is in force
    if (state === undefined || !enforces(state, { hash, revision }, epoch))
      throw new AppError('CW_ERR_AGENT_ANSWER', `${place.url} enforces another policy than it was given`);
    policyConfirmedMs = clock.monotonicMs();
    nextPollMs = Math.min(nextPollMs, policyConfirmedMs + LOOK_AFTER_ORDER_MS);
  };

  const getOwners = async (signal: AbortSignal): Promise<void> => {
    const answer = await agent.getOwners(signal);
    const before = owners;
    ownersOf = answer.inventory;
    owners = heldOwners(answer.owners);
    const keys = new Set(owners.map(({ key }) => key));
    const nowMs = clock.monotonicMs();
    checks = new Map([...checks].filter(([key, check]) => keys.has(key) || isHeldForGone(check, nowMs)));
    ports.onOwners(before, owners);
    // What was told of changed while it was read out: the next poll shows it.
    if (state !== undefined) state = { ...state, inventory: ownersOf };
  };

  const judge = async (signal: AbortSignal): Promise<void> => {
    if (moment === undefined) return;
    const asOf = moment.text; // taken before anybody is asked
    const { due, isCut } = round();
    const judged = await judgeOwners({
      due,
      book,
      checks,
      policy: order?.policy,
      clock,
      signal,
    });
    checks = judged.checks;
    whyUnknown = judged.why;
    if (!judged.mustTell) return;
    const message = {
      epoch: epochToWire(ports.epoch()),
      revision: ports.nextOwnersRevision(),
      sentAt: toWireTime(clock.nowMs()),
      asOf,
      absent: judged.absent,
    };
    checks = judged.sentChecks;
    await metrics.push('owners', () => agent.putOwners(message, signal));
    checks = judged.toldChecks;
    metrics.orphanSignal('told', judged.absent.length);
    if (isCut) nextJudgeMs = clock.monotonicMs() + TIME_TO_ACT_MS;
    if (judged.absent.length > 0)
      log.info({ owners: judged.absent.length }, 'agent told of owners that are gone');
    nextPollMs = Math.min(nextPollMs, clock.monotonicMs() + LOOK_AFTER_ORDER_MS);
  };

  const carryOut = async (step: Exclude<Step, { do: 'wait' }>, signal: AbortSignal): Promise<void> => {
    switch (step.do) {
      case 'poll':
        return poll(signal);
      case 'outrank':
        await ports.outrank(step.epoch);
        refusedAsStale = false;
        return poll(signal);
      case 'put-policy':
        return putPolicy(signal);
      case 'get-owners':
        return getOwners(signal);
      case 'judge-owners':
        return judge(signal);
    }
  };

  const failed = (error: unknown): void => {
    if (!isAppError(error)) throw error;
    failures += 1;
    if (error.code === 'CW_ERR_STALE_REVISION') refusedAsStale = true;
    retryAtMs = clock.monotonicMs() + jittered(backoffMs(RETRY, failures), random);
    nextPollMs = retryAtMs; // whatever it was, look at the agent first
    log.debug({ err: error, failures }, 'step failed');
    reached(stateAfter(error), error.message);
  };

  return {
    place,
    want(next) {
      if (next === order) return;
      order = next;
      waker.wake();
    },
    wake: waker.wake,
    view: () => ({
      place,
      reach,
      trouble,
      state,
      isCurrent:
        state !== undefined &&
        order !== undefined &&
        reach === 'reachable' &&
        enforces(state, order, ports.epoch()),
      owners,
      orphans,
    }),
    async run(signal) {
      while (!signal.aborted) {
        const known = {
          retryAtMs,
          nextPollMs,
          state,
          momentMs: moment?.ms,
          policyConfirmedMs,
          refusedAsStale,
          ownersOf,
          round: round(),
          nextJudgeMs,
        };
        const step = nextStep(known, order, ports.epoch(), clock.monotonicMs());
        if (step.do === 'wait') {
          // One step that works says little: an agent may answer polls and refuse all else.
          if (failures > 0 && clock.monotonicMs() >= retryAtMs) {
            failures = 0;
            isAsItShould();
          }
          await waker.wait(step.untilMs - clock.monotonicMs(), signal);
          continue;
        }
        const lane = failures === 0 ? lanes.answering : lanes.failing;
        try {
          await lane.run(() => carryOut(step, signal), signal, isOrder(step));
        } catch (error) {
          if (signal.aborted) return;
          failed(error);
        }
      }
    },
  };
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

/** Whether an agent is told something, which goes before looking at others: an edit must not wait for thousands of polls. */
function isOrder({ do: what }: Step): boolean {
  return what === 'put-policy' || what === 'judge-owners';
}

/** What a failure says of an agent. One that refuses is reachable; what it says is in the trouble. */
function stateAfter({ code }: AppError): AgentState {
  switch (code) {
    case 'CW_ERR_UNREACHABLE':
      return 'unreachable';
    case 'CW_ERR_POLICY_FROM_FILE':
      return 'stand-alone';
    case 'CW_ERR_STALE_REVISION':
    case 'CW_ERR_STALE_FACTS':
    case 'CW_ERR_NOT_READY':
    case 'CW_ERR_STATE_UNWRITABLE':
    case 'CW_ERR_INTERNAL':
    case 'CW_ERR_KUBE_API': // the API server's failure, not the agent's
      return 'reachable';
    case 'CW_ERR_AGENT_NODE':
      return 'misplaced';
    default:
      return 'incompatible';
  }
}
