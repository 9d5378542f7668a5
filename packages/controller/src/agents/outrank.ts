import { AppError } from '@checkpoint-warden/errors';
import type { Logger } from '@checkpoint-warden/kit';
import type { Leadership } from '@checkpoint-warden/kube';
import { compareLeaseEpochs, type LeaseEpoch } from '@checkpoint-warden/kube';

export interface OutrankPorts {
  readonly leadership: Pick<Leadership, 'epoch' | 'raiseEpoch'>;
  readonly log: Logger;
  /** The epoch was raised. */
  readonly onRaised: (above: LeaseEpoch) => void;
}

/** A Lease does not change hands this often unseen: an agent that says so is not believed. */
const MAX_JUMP = 10_000;

/**
 * Makes what raises our epoch above one that an agent has obeyed. That we hold the Lease, which raising it proves, means that
 * no leader with that epoch is left: the Lease has gone back in time, as after a restore of etcd.
 */
export function createOutrank({
  leadership,
  log,
  onRaised,
}: OutrankPorts): (epoch: LeaseEpoch) => Promise<void> {
  let underWay: Promise<void> = Promise.resolve();

  const raise = async (above: LeaseEpoch): Promise<void> => {
    const { epoch } = leadership;
    if (compareLeaseEpochs(epoch, above) > 0) return;
    if (above.leaseTransitions - epoch.leaseTransitions > MAX_JUMP) {
      throw new AppError(
        'CW_ERR_AGENT_ANSWER',
        `the agent says it has obeyed leader ${above.leaseTransitions} of a Lease that has had ${epoch.leaseTransitions}`,
      );
    }
    const raised = await leadership.raiseEpoch(above);
    log.warn({ above, raised }, 'an agent had obeyed a later leader: epoch raised');
    onRaised(above);
  };

  // One after the other: a thousand agents may find it out at once.
  return (epoch) => {
    const next = underWay.then(() => raise(epoch));
    underWay = next.catch(() => {}); // whoever asked is told
    return next;
  };
}
