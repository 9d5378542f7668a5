import type { RemoteGroup, State } from '@checkpoint-warden/api';
import { compareLeaseEpochs, type LeaseEpoch } from '@checkpoint-warden/kube';
import { type Backoff, backoffMs } from '../backoff.ts';
import { epochFromWire } from '../wire-epoch.ts';
import type { GroupNeeds } from './group-book.ts';

/** The last message about remote archives that an agent has confirmed. */
export interface ToldGroups {
  /** As in {@link GroupNeeds}. */
  readonly version: number;
  readonly groups: readonly RemoteGroup[];
  /** As in `GroupMessage`. */
  readonly leftOut: number;
  readonly epoch: LeaseEpoch;
  readonly revision: number;
  /** The start of the agent that it was told to. */
  readonly instance: string;
  /** Monotonic ms. */
  readonly ms: number;
  /** How often in a row the very same was told. */
  readonly times: number;
}

/** One that confirms what it then does not have is told again, less and less. */
const TELL_AGAIN: Backoff = { firstMs: 20_000, maxMs: 600_000 };

/**
 * When to tell an agent of its groups on other nodes. Pure.
 *
 * @param pauseMs - between two messages: where many nodes make archives of one group, all of them are told of each other
 * @returns monotonic ms; infinite: it knows, or it is not yet known what to tell it
 */
export function whenToTell(
  state: State,
  told: ToldGroups | undefined,
  needs: GroupNeeds,
  epoch: LeaseEpoch,
  pauseMs: number,
): number {
  if (!needs.isSettled) return Number.POSITIVE_INFINITY;
  const isHeld = told !== undefined && holds(state, told);
  // Nothing need not be said to who was told nothing, whoever said it.
  if (needs.isEmpty && (state.remoteArchives === undefined || (isHeld && told.groups.length === 0)))
    return Number.POSITIVE_INFINITY;
  if (told === undefined || told.instance !== state.inventory.instance || !isSameEpoch(told.epoch, epoch))
    return Number.NEGATIVE_INFINITY;
  if (told.version !== needs.version) return told.ms + pauseMs;
  return isHeld ? Number.POSITIVE_INFINITY : told.ms + backoffMs(TELL_AGAIN, told.times);
}

/** Whether the last word that an agent has on remote archives is this message. */
export function holds({ inventory, remoteArchives }: State, told: ToldGroups): boolean {
  return (
    remoteArchives !== undefined &&
    told.instance === inventory.instance &&
    told.revision === remoteArchives.revision &&
    isSameEpoch(told.epoch, epochFromWire(remoteArchives.epoch))
  );
}

function isSameEpoch(a: LeaseEpoch, b: LeaseEpoch): boolean {
  return compareLeaseEpochs(a, b) === 0;
}
