import type { Lease } from '../objects.ts';
import { LEASES } from '../resource.ts';
import { type LeaseDeps, limitedCall, releaseLease } from './lease-calls.ts';
import { isOutdated, newLease, takenOver } from './lease-record.ts';
import { isFree, type Sighting, sight } from './sighting.ts';
import type { Acquisition } from './term.ts';

/** Who waits for the Lease to be free. */
export interface Candidate {
  /**
   * Looks at the Lease and takes it if it is free.
   *
   * @returns `undefined` while somebody else has it
   * @throws KubeError, AppError `CW_ERR_UNREACHABLE`, or the reason of `signal`
   */
  attempt(signal: AbortSignal): Promise<Acquisition | undefined>;
  /** Gives up a Lease that was taken by a write whose answer was lost. */
  withdraw(): Promise<void>;
}

export function createCandidate(deps: LeaseDeps): Candidate {
  const { api, clock, key, identity, timing } = deps;
  const { leaseDurationMs, renewDeadlineMs } = timing;
  let sighting: Sighting | undefined;
  /** The last write whose outcome is not known. */
  let unanswered: Lease | undefined;

  function isUnanswered(lease: Lease): boolean {
    return unanswered !== undefined && isSameWrite(lease, unanswered);
  }

  return {
    async attempt(signal) {
      const found = await limitedCall(deps, signal, (limit) => api.get(LEASES, key, limit));
      const nowMs = clock.monotonicMs();
      sighting = sight(sighting, found, nowMs);
      const ours = found !== undefined && isUnanswered(found);
      if (!ours && !isFree(sighting, found, { nowMs, leaseDurationMs })) return undefined;

      const next =
        found === undefined
          ? newLease(key, identity, timing, clock.nowMs())
          : takenOver(found, identity, timing, clock.nowMs());
      const beganMs = clock.monotonicMs();
      try {
        const lease = await limitedCall(deps, signal, (limit) =>
          found === undefined ? api.create(LEASES, next, limit) : api.replace(LEASES, next, limit),
        );
        // An answer that comes after the deadline is worth no more than none: look again.
        const late = clock.monotonicMs() - beganMs >= renewDeadlineMs;
        unanswered = late ? next : undefined;
        return late ? undefined : { lease, beganMs };
      } catch (error) {
        // Somebody else was faster.
        if (isOutdated(error)) return undefined;
        unanswered = next;
        throw error;
      }
    },
    async withdraw() {
      if (unanswered !== undefined) await releaseLease(deps, isUnanswered);
    },
  };
}

function isSameWrite({ spec: a }: Lease, { spec: b }: Lease): boolean {
  return (
    a?.holderIdentity === b?.holderIdentity &&
    a?.leaseTransitions === b?.leaseTransitions &&
    a?.renewTime === b?.renewTime
  );
}
