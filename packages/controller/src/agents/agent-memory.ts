import type { State } from '@checkpoint-warden/api';
import type { ToldGroups } from '../groups/when-to-tell.ts';
import type { HeldOwner } from '../owners/held-owner.ts';
import type { OwnerCheck } from '../owners/plan-round.ts';

/** What is known of one agent: the steps write it, and what comes next is decided from it. Times are monotonic ms. */
export interface AgentMemory {
  /** As last told; kept while the agent cannot be reached. `undefined`: never, or it cannot be believed. */
  state: State | undefined;
  /** What `state` was told with; `undefined`: the next poll must tell it anew. */
  etag: string | undefined;
  /** The last moment that the agent has named. It lay between `ms`, when the poll for it began, and `endedMs`. */
  moment: { readonly text: string; readonly ms: number; readonly endedMs: number } | undefined;
  nextPollMs: number;
  /** When an answer was last of another start of the agent than was polled. */
  otherStartMs: number;
  /** When it last confirmed the policy to be in force. */
  policyConfirmedMs: number;
  /** The inventory that `owners` are of. */
  ownersOf: State['inventory'] | undefined;
  owners: readonly HeldOwner[];
  /** By the owner's key. */
  checks: ReadonlyMap<string, OwnerCheck>;
  /** Before this nobody is judged, unless something must be taken back. */
  nextJudgeMs: number;
  /** Why some owner could not be judged the last time. */
  whyUnknown: string | undefined;
  /** Which of its group figures are known; `undefined`: none. */
  groupsOf: GroupsVersion | undefined;
  /** Whether these do not fit what it has said since: after the next poll they are asked for anew. */
  groupsDoubted: boolean;
  /** The last message about remote archives that it has confirmed. */
  toldGroups: ToldGroups | undefined;
}

/** A version of the groups of an agent. Of another start of it, the same text may stand for something else. */
export interface GroupsVersion {
  readonly instance: string;
  readonly version: string;
}

export function emptyMemory(): AgentMemory {
  return {
    state: undefined,
    etag: undefined,
    moment: undefined,
    nextPollMs: Number.NEGATIVE_INFINITY,
    otherStartMs: Number.NEGATIVE_INFINITY,
    policyConfirmedMs: Number.NEGATIVE_INFINITY,
    ownersOf: undefined,
    owners: [],
    checks: new Map(),
    nextJudgeMs: Number.NEGATIVE_INFINITY,
    whyUnknown: undefined,
    groupsOf: undefined,
    groupsDoubted: false,
    toldGroups: undefined,
  };
}
