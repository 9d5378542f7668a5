import { isAppError } from '@checkpoint-warden/errors';
import type { Clock, Component, Logger } from '@checkpoint-warden/kit';
import type { Leadership } from '@checkpoint-warden/kube';
import { createHoldRequest, type HoldRequest } from './hold-request.ts';

/**
 * An annotation of the Lease: while it is there no owner is said to be gone. Its value says why. An administrator sets it
 * before a restore of etcd, or to stop orphan deletions at once; the controller sets it when it sees the API server's state go
 * back. Only an administrator takes it away.
 */
export const HOLD_ORPHANS = 'checkpoint-warden.dev/hold-orphans';

/** Whether orphans are held, for all agents. */
export interface OrphanHold extends Component {
  /** Why; `undefined`: they are not. */
  why(): string | undefined;
  /** Holds them at once, and writes that to the Lease, so that the next leader knows. */
  hold(why: string): void;
}

const AGAIN_MS = 5_000;
const FOR_EVER_MS = 3_600_000;

export interface OrphanHoldPorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of this process; one of its own unless given. */
  readonly request?: HoldRequest;
}

export function createOrphanHold(
  leadership: Pick<Leadership, 'annotations' | 'annotate'>,
  { clock, log, request = createHoldRequest(clock) }: OrphanHoldPorts,
): OrphanHold {
  const write = async (why: string, signal: AbortSignal): Promise<void> => {
    try {
      if (leadership.annotations[HOLD_ORPHANS] === undefined) await leadership.annotate(HOLD_ORPHANS, why);
      request.fulfilled();
    } catch (error) {
      if (signal.aborted) return;
      if (!isAppError(error)) throw error;
      log.warn({ err: error }, 'the hold on orphans cannot be written to the Lease yet');
    }
  };

  return {
    why() {
      const why = leadership.annotations[HOLD_ORPHANS] ?? request.why;
      return why === undefined
        ? undefined
        : `orphans are held by the Lease’s annotation ${HOLD_ORPHANS}: ${why}`;
    },
    hold(why) {
      if (request.why === undefined)
        log.error({ why }, 'orphans are held: the API server’s state has gone back');
      request.make(why);
    },
    async run(signal) {
      while (!signal.aborted) {
        if (request.why !== undefined) await write(request.why, signal);
        await request.wait(request.why === undefined ? FOR_EVER_MS : AGAIN_MS, signal);
      }
    },
  };
}
