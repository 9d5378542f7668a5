import { AppError } from '@checkpoint-warden/errors';
import type { Clock, Logger } from '@checkpoint-warden/kit';
import type { Leadership } from '@checkpoint-warden/kube';
import { compareLeaseEpochs, type LeaseEpoch } from '@checkpoint-warden/kube';

export interface OutrankPorts {
  readonly leadership: Pick<Leadership, 'epoch' | 'raiseEpoch'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Logger;
  /** The epoch was raised. */
  readonly onRaised: (above: LeaseEpoch) => void;
}

/** A Lease does not change hands this often unseen: an agent that says so is not believed. */
const MAX_JUMP = 10_000;
/**
 * After every raise all agents are given their policies anew, and store them; and it cannot be raised without end. So an
 * agent for which it was raised is not believed for a while when it says that it has obeyed a later one still.
 */
const SAME_AGENT_MS = 300_000;
/** Between any two: several agents may lie. */
const ANY_AGENT_MS = 30_000;

/**
 * Makes what raises our epoch above one that an agent has obeyed. That we hold the Lease, which raising it proves, means that
 * no leader with that epoch is left: the Lease has gone back in time, as after a restore of etcd.
 *
 * What it makes throws AppError `CW_ERR_AGENT_ANSWER` when the agent is not believed, `CW_ERR_STALE_REVISION` when it is too soon
 * after the last time, and what `raiseEpoch` throws.
 */
export function createOutrank({
  leadership,
  clock,
  log,
  onRaised,
}: OutrankPorts): (node: string, epoch: LeaseEpoch) => Promise<void> {
  let underWay: Promise<void> = Promise.resolve();
  /** When it was last raised for the agent of each node, and for any, monotonic ms. */
  const raisedMs = new Map<string, number>();
  let lastRaisedMs = Number.NEGATIVE_INFINITY;

  const raise = async (node: string, above: LeaseEpoch): Promise<void> => {
    const { epoch } = leadership;
    if (compareLeaseEpochs(epoch, above) > 0) return;
    if (above.leaseTransitions - epoch.leaseTransitions > MAX_JUMP) {
      throw new AppError(
        'CW_ERR_AGENT_ANSWER',
        `the agent says it has obeyed leader ${above.leaseTransitions} of a Lease that has had ${epoch.leaseTransitions}`,
      );
    }
    const nowMs = clock.monotonicMs();
    if (nowMs - (raisedMs.get(node) ?? Number.NEGATIVE_INFINITY) < SAME_AGENT_MS) {
      throw new AppError(
        'CW_ERR_AGENT_ANSWER',
        `the epoch was raised for the agent within the last ${SAME_AGENT_MS / 60_000} minutes, and it says again that it has obeyed a later leader, ${above.leaseTransitions} of the Lease: see whether another controller gives it orders, or it was tampered with`,
      );
    }
    if (nowMs - lastRaisedMs < ANY_AGENT_MS) {
      throw new AppError(
        'CW_ERR_STALE_REVISION',
        `the agent has obeyed leader ${above.leaseTransitions} of the Lease, and the epoch was raised for another agent within the last ${ANY_AGENT_MS / 1_000} s: it is not yet raised again`,
        { retryable: true },
      );
    }
    const raised = await leadership.raiseEpoch(above);
    lastRaisedMs = clock.monotonicMs();
    raisedMs.set(node, lastRaisedMs);
    log.warn({ node, above, raised }, 'an agent had obeyed a later leader: epoch raised');
    onRaised(above);
  };

  // One after the other: a thousand agents may find it out at once.
  return (node, epoch) => {
    const next = underWay.then(() => raise(node, epoch));
    underWay = next.catch(() => {}); // whoever asked is told
    return next;
  };
}
