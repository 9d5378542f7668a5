import { type AppError, isAppError } from '@checkpoint-warden/errors';
import { type Clock, type Component, createWaker } from '@checkpoint-warden/kit';
import { compareLeaseEpochs, type LeaseEpoch } from '@checkpoint-warden/kube';
import { type Backoff, backoffMs, jittered } from '../backoff.ts';
import type { Limiter } from '../limiter.ts';
import { type OwnerRound, planRound } from '../owners/plan-round.ts';
import { emptyMemory } from './agent-memory.ts';
import type { AgentPlace } from './agent-place.ts';
import { type AgentStepsPorts, createAgentSteps, type PolicyOrder } from './agent-steps.ts';
import type { AgentState, AgentView, OrphanCounts } from './agent-view.ts';
import { enforces, nextStep, type Step } from './next-step.ts';

/** The controller's end of the line to one agent. See {@link createAgentLink}. */
export interface AgentLink extends Component {
  readonly place: AgentPlace;
  /** Says what the agent is to enforce. */
  want(order: PolicyOrder): void;
  /** Something that the next step depends on has changed. */
  wake(): void;
  /** There is reason to think that the agent answers now: if it did not, it is tried at once and not only after the pause. */
  retry(): void;
  view(): AgentView;
  /** Another number when `view` would show something else. */
  readonly revision: number;
}

export interface AgentLinkPorts extends AgentStepsPorts {
  readonly clock: Clock;
  /** Calls to agents that answer, and to those that did not last time: these must not keep the others waiting. */
  readonly lanes: { readonly answering: Limiter; readonly failing: Limiter };
  /** An agent has obeyed a later leader. Resolves when we are later than it, or not the leader any more. */
  readonly outrank: (epoch: LeaseEpoch) => Promise<void>;
}

export interface AgentLinkOptions {
  /** As of now: between looks at an agent in which nothing changes. */
  readonly pollIntervalMs: () => number;
}

/** After a failure. */
const RETRY: Backoff = { firstMs: 1_000, maxMs: 60_000 };

/**
 * Makes what looks after one agent: it keeps on doing {@link nextStep} until the agent enforces what it is to, its owners
 * are known and judged, and it knows of its groups on other nodes, and polls it then. Level-triggered: every step begins from what is known, none depends on how the
 * one before ended.
 */
export function createAgentLink(
  place: AgentPlace,
  ports: AgentLinkPorts,
  { pollIntervalMs }: AgentLinkOptions,
): AgentLink {
  const { clock, random, book, groups, lanes } = ports;
  const log = ports.log.child({ node: place.node });
  const waker = createWaker(clock);
  const memory = emptyMemory();
  const steps = createAgentSteps(place, memory, { ...ports, log }, pollIntervalMs);

  let order: PolicyOrder | undefined;
  let reach: AgentState = 'new';
  let trouble: string | undefined;
  let failures = 0;
  let retryAtMs = Number.NEGATIVE_INFINITY;
  /** The epoch in whose name the agent has refused something as stale. In the name of another one it may take it. */
  let refusedEpoch: LeaseEpoch | undefined;
  /** Ours when the last step began. */
  let steppedEpoch = ports.epoch();
  let revision = 0;
  let shown: readonly unknown[] = [];

  let orphans: OrphanCounts = { orphaned: 0, unknown: 0, why: undefined };

  const round = (): OwnerRound => {
    const nowMs = clock.monotonicMs();
    const planned = planRound({ ...memory, book, policy: order?.policy, nowMs });
    const { orphaned, unknown } = planned;
    orphans = { orphaned, unknown, why: unknown > 0 ? (book.doubt() ?? memory.whyUnknown) : undefined };
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

  const isAsItShould = (): void =>
    reached(memory.state?.policy.source === 'file' ? 'stand-alone' : 'reachable');

  /** Counts a change of what `view` is made from. */
  const note = (): void => {
    const now = [
      memory.state,
      memory.owners,
      reach,
      trouble,
      order,
      ports.epoch(),
      ...Object.values(orphans),
    ];
    if (now.some((each, index) => each !== shown[index])) revision += 1;
    shown = now;
  };

  const poll = async (signal: AbortSignal): Promise<void> => {
    await steps.poll(signal);
    if (failures === 0) isAsItShould();
  };

  const carryOut = async (step: Exclude<Step, { do: 'wait' }>, signal: AbortSignal): Promise<void> => {
    switch (step.do) {
      case 'outrank':
        await ports.outrank(step.epoch);
        refusedEpoch = undefined;
        return poll(signal);
      case 'poll':
        return poll(signal);
      case 'put-policy':
        return order && steps.putPolicy(order, signal);
      case 'get-owners':
        return steps.getOwners(signal);
      case 'judge-owners':
        return steps.judgeOwners(round(), order?.policy, signal);
      case 'get-groups':
        return steps.getGroups(signal);
      case 'get-newest':
        return steps.getNewest(signal);
      case 'put-remote-archives':
        return steps.putRemoteArchives(signal);
    }
  };

  const failed = (error: unknown): void => {
    if (!isAppError(error)) throw error;
    failures += 1;
    groups.failed();
    if (error.code === 'CW_ERR_STALE_REVISION') refusedEpoch = steppedEpoch;
    retryAtMs = clock.monotonicMs() + jittered(backoffMs(RETRY, failures), random);
    memory.nextPollMs = retryAtMs; // whatever it was, look at the agent first
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
    retry() {
      if (failures === 0) return;
      failures = 1;
      retryAtMs = Number.NEGATIVE_INFINITY;
      memory.nextPollMs = retryAtMs;
      waker.wake();
    },
    get revision() {
      return revision;
    },
    view: () => ({
      place,
      reach,
      trouble,
      state: memory.state,
      isCurrent:
        memory.state !== undefined &&
        order !== undefined &&
        reach === 'reachable' &&
        enforces(memory.state, order, ports.epoch()),
      owners: memory.owners,
      orphans,
    }),
    async run(signal) {
      while (!signal.aborted) {
        let planned: OwnerRound | undefined;
        const known = {
          ...memory,
          momentMs: memory.moment?.ms,
          retryAtMs,
          refusedAsStale: refusedEpoch !== undefined && compareLeaseEpochs(refusedEpoch, ports.epoch()) === 0,
          // Made when something asks for it: it goes through all owners, and half of all steps are polls.
          get round() {
            planned ??= round();
            return planned;
          },
          get groupNeeds() {
            return groups.needs();
          },
          tellPauseMs: pollIntervalMs() / 2,
        };
        const step = nextStep(known, order, ports.epoch(), clock.monotonicMs());
        if (step.do === 'wait') {
          planned ??= round(); // for what is shown
          // One step that works says little: an agent may answer polls and refuse all else.
          if (failures > 0 && clock.monotonicMs() >= retryAtMs) {
            failures = 0;
            isAsItShould();
          }
          note();
          // An order that it has not been looked at since may be about to give it other groups.
          if (failures === 0 && memory.etag !== undefined) groups.rested();
          await waker.wait(step.untilMs - clock.monotonicMs(), signal);
          continue;
        }
        note();
        const lane = failures === 0 ? lanes.answering : lanes.failing;
        const orderThen = order;
        try {
          const carryOutNow = async (): Promise<void> => {
            if (order !== orderThen) return; // has come while others had their turn, and goes first
            steppedEpoch = ports.epoch();
            await carryOut(step, signal);
          };
          await lane.run(carryOutNow, signal, isOrder(step));
        } catch (error) {
          if (signal.aborted) return;
          failed(error);
        }
      }
    },
  };
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
