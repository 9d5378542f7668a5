import type { LeaseEpoch } from '../lease-epoch.ts';

/** What who leads has in hand. */
export interface Leadership {
  /** Of this leadership now: {@link Leadership.raiseEpoch} changes it. */
  readonly epoch: LeaseEpoch;
  /**
   * Aborted when the leadership is lost, or could be: no renewal that began within the renew deadline has succeeded. Look at
   * it after every await that precedes a side effect.
   */
  readonly signal: AbortSignal;
  /** Of the Lease as it was last seen. */
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * Looks at the Lease now.
   *
   * @returns whether it is as we have left it: nobody else has it, and the API server has not gone back behind our last write
   */
  confirm(): Promise<boolean>;
  /**
   * Makes the epoch newer than one that somebody has accepted: etcd restored from a backup may give the same epochs again.
   *
   * @returns the epoch that holds from now on
   * @throws AppError `CW_ERR_STALE_REVISION` when the Lease behind `above` was created later than ours, as that of another
   * cluster is; KubeError, or the reason of `signal`, when the Lease was not written
   */
  raiseEpoch(above: LeaseEpoch): Promise<LeaseEpoch>;
  /**
   * Writes an annotation of the Lease.
   *
   * @throws KubeError, or the reason of `signal`, when the Lease was not written
   */
  annotate(key: string, value: string): Promise<void>;
}

/** What was seen when the Lease was not as its leader had left it, and nobody had taken it over since. */
export interface WentBack {
  /** As the leader had written it last. */
  readonly wrote: { readonly epoch: LeaseEpoch; readonly renewTime: string };
  /** As the API server has it now; `undefined`: not at all, as in an etcd that begins empty, or because somebody has deleted it. */
  readonly found:
    | { readonly epoch: LeaseEpoch; readonly renewTime: string; readonly holderIdentity: string }
    | undefined;
}
