import type { Clock, Component, Logger } from '@checkpoint-warden/kit';
import { type KubeApi, KubeError, LEASES, type ObjectKey } from '@checkpoint-warden/kube';
import type { HoldRequest } from './hold-request.ts';
import { HOLD_ORPHANS } from './orphan-hold.ts';

export interface HoldWriterPorts {
  readonly api: Pick<KubeApi, 'get' | 'replace'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly request: HoldRequest;
  /** While it leads, a leader writes by itself. */
  readonly isLeading: () => boolean;
}

const LOOK_MS = 2_000;

/**
 * Writes a request to hold orphans into the Lease of whoever leads now: who saw the state go back has often lost the Lease by
 * that, and the next leader may have seen nothing. It changes the annotation alone, and only the Lease that it has just read.
 */
export function createHoldWriter(
  { api, clock, log, request, isLeading }: HoldWriterPorts,
  lease: ObjectKey,
): Component {
  const write = async (why: string, signal: AbortSignal): Promise<void> => {
    try {
      const found = await api.get(LEASES, lease, signal);
      if (found === undefined || isLeading()) return;
      const { annotations = {} } = found.metadata;
      if (annotations[HOLD_ORPHANS] === undefined) {
        const metadata = { ...found.metadata, annotations: { ...annotations, [HOLD_ORPHANS]: why } };
        await api.replace(LEASES, { ...found, metadata }, signal);
        log.error({ why }, 'orphans are held: the API server’s state has gone back');
      }
      request.fulfilled();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof KubeError)) throw error;
      log.debug({ err: error }, 'the hold on orphans cannot be written to the Lease yet');
    }
  };

  return {
    async run(signal) {
      while (!signal.aborted) {
        if (request.why !== undefined && !isLeading()) await write(request.why, signal);
        if (!signal.aborted) await clock.sleep(LOOK_MS, signal);
      }
    },
  };
}
