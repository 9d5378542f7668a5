import type { State } from '@checkpoint-warden/api';
import { compareLeaseEpochs, type LeaseEpoch } from '@checkpoint-warden/kube';
import type { GroupNeeds } from '../groups/group-book.ts';
import { type ToldGroups, whenToTell } from '../groups/when-to-tell.ts';
import type { OwnerRound } from '../owners/plan-round.ts';
import { epochFromWire } from '../wire-epoch.ts';
import type { GroupsVersion } from './agent-memory.ts';

/** What an agent is to have in force. */
export interface WantedPolicy {
  readonly revision: number;
  readonly hash: string;
}

/** The next thing to do for one agent. */
export type Step =
  | { readonly do: 'wait'; readonly untilMs: number }
  | { readonly do: 'poll' }
  /** It has obeyed a leader later than us, or another one of our epoch. */
  | { readonly do: 'outrank'; readonly epoch: LeaseEpoch }
  | { readonly do: 'put-policy' }
  | { readonly do: 'get-owners' }
  | { readonly do: 'judge-owners' }
  | { readonly do: 'get-groups' }
  | { readonly do: 'get-newest' }
  | { readonly do: 'put-remote-archives' };

/** What is known of one agent. Times are monotonic ms. */
export interface AgentKnowledge {
  /** Nothing is tried before, after a failure. */
  readonly retryAtMs: number;
  readonly nextPollMs: number;
  /** As last polled; `undefined`: never, or it cannot be believed. */
  readonly state: State | undefined;
  /** When the last poll that gave a moment began; `undefined`: none has. */
  readonly momentMs: number | undefined;
  /** Whether it has refused our last message as older than one that it has taken. */
  readonly refusedAsStale: boolean;
  /** When it last confirmed the policy to be in force. */
  readonly policyConfirmedMs: number;
  /** The inventory that the known owners are of. */
  readonly ownersOf: State['inventory'] | undefined;
  readonly round: OwnerRound;
  /** Before this nobody is judged, unless something must be taken back. */
  readonly nextJudgeMs: number;
  readonly groupsOf: GroupsVersion | undefined;
  readonly toldGroups: ToldGroups | undefined;
  readonly groupNeeds: GroupNeeds;
  /** Between two messages about remote archives. */
  readonly tellPauseMs: number;
}

/** A policy in force is said again after so long: the agent counts when it last heard, and compares the clocks. */
const CONFIRM_POLICY_MS = 300_000;
/** Owner facts must be as of a moment this young at most, to be of use for long enough. */
const FRESH_MOMENT_MS = 10_000;
/** Facts about remote archives may be as of one this old: the polls that follow make them count for longer. */
const RECENT_MOMENT_MS = 30_000;

/** Decides what to do next for one agent. Pure; the first that is needed, policy before owners before groups. */
export function nextStep(
  known: AgentKnowledge,
  wanted: WantedPolicy | undefined,
  epoch: LeaseEpoch,
  nowMs: number,
): Step {
  const { state, retryAtMs, nextPollMs } = known;
  if (nowMs < retryAtMs) return { do: 'wait', untilMs: retryAtMs };
  if (state === undefined || nowMs >= nextPollMs) return { do: 'poll' };
  if (state.policy.source === 'file') return { do: 'wait', untilMs: nextPollMs };

  const obeyed = latestEpoch(state);
  if (obeyed !== undefined) {
    const ahead = compareLeaseEpochs(obeyed, epoch);
    // Of our own messages none is older than the one before: a leader that a restore of etcd undid had our epoch as well.
    if (ahead > 0 || (ahead === 0 && known.refusedAsStale)) return { do: 'outrank', epoch: obeyed };
  }
  if (wanted !== undefined && hasObeyedAnother(state, wanted, epoch)) return { do: 'outrank', epoch };

  let untilMs = nextPollMs;
  if (wanted !== undefined) {
    const confirmMs = known.policyConfirmedMs + CONFIRM_POLICY_MS;
    if (!enforces(state, wanted, epoch) || nowMs >= confirmMs) return { do: 'put-policy' };
    untilMs = Math.min(untilMs, confirmMs);
  }
  if (!state.ready) return { do: 'wait', untilMs };
  if (!isSameInventory(known.ownersOf, state.inventory)) return { do: 'get-owners' };
  const { round } = known;
  const momentMs = known.momentMs ?? Number.NEGATIVE_INFINITY;
  if (round.revoke || (round.due.length > 0 && nowMs >= known.nextJudgeMs))
    return { do: nowMs - momentMs < FRESH_MOMENT_MS ? 'judge-owners' : 'poll' };
  untilMs = Math.min(untilMs, round.due.length > 0 ? known.nextJudgeMs : round.nextMs);
  if (wanted === undefined) return { do: 'wait', untilMs };

  if (state.groups !== undefined && !isSameGroups(known.groupsOf, state)) return { do: 'get-groups' };
  if (known.groupNeeds.mustAsk) return { do: 'get-newest' };
  const tellMs = whenToTell(state, known.toldGroups, known.groupNeeds, epoch, known.tellPauseMs);
  if (nowMs >= tellMs) return { do: nowMs - momentMs < RECENT_MOMENT_MS ? 'put-remote-archives' : 'poll' };
  return { do: 'wait', untilMs: Math.min(untilMs, tellMs) };
}

/** Whether an agent enforces what it is to, and has it from us. */
export function enforces({ policy }: State, wanted: WantedPolicy, epoch: LeaseEpoch): boolean {
  if (policy.source !== 'controller' || policy.epoch === undefined) return false;
  return policy.hash === wanted.hash && compareLeaseEpochs(epochFromWire(policy.epoch), epoch) === 0;
}

/**
 * Whether an agent has under our epoch what we never gave it: after a restore of etcd an epoch may be given twice. It would
 * refuse our lower revisions for ever.
 */
function hasObeyedAnother({ policy }: State, wanted: WantedPolicy, epoch: LeaseEpoch): boolean {
  if (policy.epoch === undefined || compareLeaseEpochs(epochFromWire(policy.epoch), epoch) !== 0)
    return false;
  return policy.revision > wanted.revision;
}

/** The latest leader that an agent has obeyed, in whatever. */
function latestEpoch({ policy, owners, remoteArchives }: State): LeaseEpoch | undefined {
  const epochs = [policy.epoch, owners?.epoch, remoteArchives?.epoch].flatMap((epoch) =>
    epoch === undefined ? [] : [epochFromWire(epoch)],
  );
  return epochs.sort(compareLeaseEpochs).at(-1);
}

function isSameInventory(a: State['inventory'] | undefined, b: State['inventory']): boolean {
  return a !== undefined && a.instance === b.instance && a.revision === b.revision;
}

function isSameGroups(known: GroupsVersion | undefined, { groups, inventory }: State): boolean {
  return known !== undefined && known.version === groups && known.instance === inventory.instance;
}
