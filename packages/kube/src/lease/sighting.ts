import type { Lease } from '../objects.ts';
import { compareResourceVersions } from '../resource-version.ts';

/** A state of the Lease as one candidate has seen it. All that expiry is judged by: clocks of others play no part in it. */
export interface Sighting {
  /** Which state: empty when there was no Lease. */
  readonly uid: string;
  readonly resourceVersion: string;
  /**
   * Which write it was, as its holder says. After a restore of etcd another write may have the same resourceVersion, and a Lease
   * that is renewed would look as if it had not changed for long.
   */
  readonly write: string;
  /** When it was first seen, monotonic ms. Later than it was written, never earlier. */
  readonly sinceMs: number;
  /**
   * Whether it cannot have followed from what was seen before: a deleted Lease, or etcd restored from a backup. Somebody may
   * then lead of whom this state knows nothing.
   */
  readonly suspect: boolean;
}

/** @param nowMs - monotonic ms, after the answer came */
export function sight(before: Sighting | undefined, lease: Lease | undefined, nowMs: number): Sighting {
  const { uid = '', resourceVersion = '' } = lease?.metadata ?? {};
  const write = writeOf(lease);
  if (before?.uid === uid && before.resourceVersion === resourceVersion && before.write === write)
    return before;
  const suspect = before !== undefined && !follows(before, uid, resourceVersion);
  return { uid, resourceVersion, write, sinceMs: nowMs, suspect };
}

function writeOf(lease: Lease | undefined): string {
  const { holderIdentity, leaseTransitions, renewTime } = lease?.spec ?? {};
  return JSON.stringify([holderIdentity, leaseTransitions, renewTime]);
}

function follows(before: Sighting, uid: string, resourceVersion: string): boolean {
  if (before.uid === '') return true;
  // The same resourceVersion of another write does not follow either.
  return uid !== '' && (compareResourceVersions(resourceVersion, before.resourceVersion) ?? 1) > 0;
}

/** Whether nobody can be leading by what has been seen. */
export function isFree(
  { sinceMs, suspect }: Sighting,
  lease: Lease | undefined,
  { nowMs, leaseDurationMs }: { readonly nowMs: number; readonly leaseDurationMs: number },
): boolean {
  const { holderIdentity = '', leaseDurationSeconds = 0 } = lease?.spec ?? {};
  if (holderIdentity === '' && !suspect) return true;
  return nowMs - sinceMs >= Math.max(leaseDurationMs, leaseDurationSeconds * 1000);
}
