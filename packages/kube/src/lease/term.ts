import { AppError } from '@checkpoint-warden/errors';
import { compareLeaseEpochs } from '../lease-epoch.ts';
import type { Lease } from '../objects.ts';
import { LEASES } from '../resource.ts';
import type { Leadership, WentBack } from './leadership.ts';
import { type LeaseDeps, limitedCall, releaseLease } from './lease-calls.ts';
import { epochOf, renewed } from './lease-record.ts';

export interface TermDeps extends LeaseDeps {
  /** Told of the outcome of each renewal. */
  readonly onOutcome: (error?: unknown) => void;
  readonly onWentBack: (facts: WentBack) => void;
}

/** A Lease that was written, by a call that began at `beganMs` on the monotonic clock. */
export interface Acquisition {
  readonly lease: Lease;
  readonly beganMs: number;
}

/** One leadership, from the write that began it. */
export interface Term {
  readonly leadership: Leadership;
  /** Whether the Lease is held for certain, by the monotonic clock as well: timers can be late. */
  readonly leading: boolean;
  /** Renews until the leadership ends. */
  keep(): Promise<void>;
  end(reason: unknown): void;
  /** Gives the Lease up if it is still ours. */
  release(): Promise<void>;
}

/** What tells one write of the Lease by us from another. */
type Mark = Pick<NonNullable<Lease['spec']>, 'renewTime' | 'leaseTransitions'>;

/** Begins a leadership. All writes of the Lease go one after the other. */
export function beginTerm(deps: TermDeps, acquisition: Acquisition): Term {
  const { api, clock, key, identity, timing, onOutcome, onWentBack } = deps;
  const { renewDeadlineMs, retryPeriodMs } = timing;
  const lost = new AbortController();
  const { signal } = lost;
  let { lease, beganMs: renewedMs } = acquisition;
  /** The last write that is known to have succeeded and those after it, whose answers were lost. */
  let written: readonly Mark[] = [markOf(lease)];
  let turn: Promise<unknown> = Promise.resolve();

  function isOurs({ metadata, spec }: Lease): boolean {
    if (metadata.uid !== lease.metadata.uid || spec?.holderIdentity !== identity) return false;
    return written.some((mark) => mark.leaseTransitions === spec.leaseTransitions);
  }

  /** Looks at the Lease. It need not be as we know it: the answer to a write of ours was lost, or somebody else has written it. */
  async function reread(): Promise<void> {
    const found = await limitedCall(deps, signal, (limit) => api.get(LEASES, key, limit));
    signal.throwIfAborted();
    if (found === undefined) {
      onWentBack({ wrote: stateOf(lease), found: undefined });
      return lose('the Lease was deleted');
    }
    const ours = isOurs(found);
    if (isOlder(found, ours)) onWentBack({ wrote: stateOf(lease), found: stateOf(found) });
    if (!ours) return lose(`the Lease is held by ${JSON.stringify(found.spec?.holderIdentity ?? '')}`);
    lease = found;
  }

  function isOlder(found: Lease, ours: boolean): boolean {
    if (found.metadata.uid !== lease.metadata.uid)
      return epochOf(found).leaseCreatedMs < epochOf(lease).leaseCreatedMs;
    if (!ours) return compareLeaseEpochs(epochOf(found), epochOf(lease)) <= 0;
    const { renewTime, leaseTransitions } = markOf(found);
    return !written.some(
      (mark) => mark.renewTime === renewTime && mark.leaseTransitions === leaseTransitions,
    );
  }

  function lose(why: string): never {
    lost.abort(new AppError('CW_ERR_STALE_REVISION', `no longer the leader: ${why}`));
    throw signal.reason;
  }

  async function write(change: (lease: Lease) => Lease): Promise<void> {
    signal.throwIfAborted();
    const beganMs = clock.monotonicMs();
    const next = change(renewed(lease, clock.nowMs()));
    written = [...written, markOf(next)];
    const answer = await limitedCall(deps, signal, (limit) => api.replace(LEASES, next, limit));
    // Too late is as good as never.
    signal.throwIfAborted();
    lease = answer;
    renewedMs = beganMs;
    written = [markOf(answer)];
  }

  /**
   * Looks before it writes: after a restore of etcd, the write of somebody else can have the very resourceVersion that we know,
   * and ours would succeed.
   */
  async function renew(change: (lease: Lease) => Lease): Promise<void> {
    await reread();
    await write(change);
  }

  function inTurn(call: () => Promise<void>): Promise<void> {
    const called = turn.then(call);
    turn = called.catch(() => {});
    return called;
  }

  function renewInTurn(change: (lease: Lease) => Lease): Promise<void> {
    const renewal = inTurn(() => renew(change));
    renewal.then(
      () => onOutcome(),
      (error) => {
        if (!signal.aborted) onOutcome(error);
      },
    );
    return renewal;
  }

  async function renewAgainAndAgain(): Promise<void> {
    let beganMs = renewedMs;
    while (!signal.aborted) {
      await clock.sleep(beganMs + retryPeriodMs - clock.monotonicMs(), signal);
      if (signal.aborted) return;
      beganMs = clock.monotonicMs();
      // `onOutcome` has been told.
      await renewInTurn((same) => same).catch(() => {});
    }
  }

  async function loseAtDeadline(): Promise<void> {
    while (!signal.aborted) {
      const leftMs = renewedMs + renewDeadlineMs - clock.monotonicMs();
      if (leftMs > 0) await clock.sleep(leftMs, signal);
      else lost.abort(new AppError('CW_ERR_UNREACHABLE', `not renewed within ${renewDeadlineMs} ms`));
    }
  }

  const leadership: Leadership = {
    signal,
    get epoch() {
      return epochOf(lease);
    },
    get annotations() {
      return lease.metadata.annotations ?? {};
    },
    confirm() {
      return inTurn(reread).then(
        () => true,
        () => false,
      );
    },
    async raiseEpoch(above) {
      if (above.leaseCreatedMs > leadership.epoch.leaseCreatedMs) {
        const created = new Date(above.leaseCreatedMs).toISOString();
        throw new AppError(
          'CW_ERR_STALE_REVISION',
          `another Lease than ${key.namespace}/${key.name} was created later, at ${created}, and is obeyed: ` +
            'give each agent to one cluster only, or, if etcd was restored from before then, delete the Lease',
        );
      }
      if (compareLeaseEpochs(leadership.epoch, above) > 0) return leadership.epoch;
      await renewInTurn((same) => {
        const leaseTransitions = Math.max(above.leaseTransitions + 1, epochOf(same).leaseTransitions);
        return { ...same, spec: { ...same.spec, leaseTransitions } };
      });
      return leadership.epoch;
    },
    annotate(name, value) {
      return renewInTurn((same) => ({
        ...same,
        metadata: { ...same.metadata, annotations: { ...same.metadata.annotations, [name]: value } },
      }));
    },
  };

  return {
    leadership,
    get leading() {
      return !signal.aborted && clock.monotonicMs() < renewedMs + renewDeadlineMs;
    },
    async keep() {
      await Promise.all([renewAgainAndAgain(), loseAtDeadline()]);
    },
    end: (reason) => lost.abort(reason),
    async release() {
      await turn;
      await releaseLease(deps, isOurs);
    },
  };
}

function markOf({ spec }: Lease): Mark {
  const { renewTime = '', leaseTransitions = 0 } = spec ?? {};
  return { renewTime, leaseTransitions };
}

function stateOf(lease: Lease) {
  const { renewTime = '', holderIdentity = '' } = lease.spec ?? {};
  return { epoch: epochOf(lease), renewTime, holderIdentity };
}
