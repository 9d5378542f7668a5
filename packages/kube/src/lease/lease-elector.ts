import { AppError } from '@checkpoint-warden/errors';
import type { Clock, Component, Logger } from '@checkpoint-warden/kit';
import type { KubeApi } from '../kube-api.ts';
import { createCandidate } from './candidate.ts';
import type { Leadership, WentBack } from './leadership.ts';
import { type Acquisition, beginTerm, type Term } from './term.ts';

export interface ElectorOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Of this run of this process and of no other, such as the pod's name and something random. */
  readonly identity: string;
  readonly namespace: string;
  /** Of the Lease; it is created where there is none. */
  readonly name: string;
  /** How long others leave a Lease alone that does not change. */
  readonly leaseDurationMs?: number;
  /** How long after the beginning of its last renewal a leader stops. */
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  /**
   * The work of the leader. It goes on until `leadership.signal` is aborted, and ends soon after that: the Lease is released
   * only then. Ending before that is a failure of the elector.
   */
  readonly lead: (leadership: Leadership) => Promise<void>;
  /** Told when the Lease is found older than its leader wrote it: etcd has been restored from a backup. */
  readonly onWentBack?: (facts: WentBack) => void;
}

/** Leads while it holds the Lease. See {@link createElector}. */
export interface Elector extends Component {
  /** Whether the Lease is held now, for all that this process can know. */
  readonly leading: boolean;
}

/**
 * Makes one of several candidates for one Lease, of whom at most one leads at any moment, whatever becomes of calls and
 * answers, as long as monotonic clocks run at about the same speed:
 *
 * ```
 *            write begins  takes effect                 deadline             another may take it
 * leader      |-----------------|--------------------------|
 *             '------------ renewDeadlineMs ---------------'
 * others                        |--- has changed, is seen here or later ------------|
 *                               '----------------- leaseDurationMs -----------------'
 * ```
 * Every write is a compare-and-swap on the resourceVersion, so that a call that arrives late changes nothing that somebody has
 * written since. Each leadership has another epoch, also of the same process.
 *
 * A restore of etcd from a backup undoes the Lease of who leads, and its resourceVersions come a second time. For twice
 * `renewDeadlineMs` after it two may lead at once, and their epochs may be the same: whoever is told twice must tell them apart.
 *
 * `run` rejects only with what `lead` ended with while it led.
 *
 * @see https://github.com/kubernetes/client-go/blob/master/tools/leaderelection/leaderelection.go, which judges expiry alike
 * but lets a holder who comes back go on under the same number of transitions
 */
export function createElector(options: ElectorOptions): Elector {
  const { api, clock, random, log, identity, namespace, name, lead } = options;
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  const timing = { leaseDurationMs, renewDeadlineMs, retryPeriodMs };
  const deps = { api, clock, key: { namespace, name }, identity, timing };
  let term: Term | undefined;
  let failing = false;

  function noteOutcome(error?: unknown): void {
    if (error !== undefined && !failing) log.warn({ err: error, lease: name }, 'the Lease cannot be had');
    if (error === undefined && failing) log.info({ lease: name }, 'the Lease can be had again');
    failing = error !== undefined;
  }

  function noteWentBack(facts: WentBack): void {
    log.warn(
      { lease: name, ...facts },
      'the Lease is older than it was written: the state of the API server went back',
    );
    options.onWentBack?.(facts);
  }

  async function acquire(signal: AbortSignal): Promise<Acquisition | undefined> {
    const candidate = createCandidate(deps);
    while (!signal.aborted) {
      try {
        const acquisition = await candidate.attempt(signal);
        noteOutcome();
        if (acquisition !== undefined) return acquisition;
      } catch (error) {
        if (signal.aborted) break;
        noteOutcome(error);
      }
      // Spread, so that candidates that began together do not go on together.
      await clock.sleep(retryPeriodMs * (0.8 + 0.4 * random()), signal);
    }
    await giveUp(() => candidate.withdraw());
    return undefined;
  }

  /** What fails here expires by itself. */
  async function giveUp(release: () => Promise<void>): Promise<void> {
    await release().catch((error) => log.warn({ err: error, lease: name }, 'the Lease is left to expire'));
  }

  async function serve(acquisition: Acquisition, signal: AbortSignal): Promise<void> {
    const served = beginTerm({ ...deps, onOutcome: noteOutcome, onWentBack: noteWentBack }, acquisition);
    const { leadership } = served;
    const stop = () => served.end(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const kept = served.keep();
    term = served;
    log.info({ lease: name, identity, epoch: leadership.epoch }, 'leading');
    try {
      await lead(leadership);
      if (!leadership.signal.aborted) {
        throw new AppError('CW_ERR_INTERNAL', 'the work of the leader ended though it still leads');
      }
    } catch (error) {
      if (!leadership.signal.aborted) throw error;
      if (error !== leadership.signal.reason) log.warn({ err: error }, 'the work of a former leader failed');
    } finally {
      log.info({ lease: name, identity, reason: String(leadership.signal.reason) }, 'not leading any more');
      served.end(new AppError('CW_ERR_INTERNAL', 'the work of the leader ended'));
      signal.removeEventListener('abort', stop);
      await kept;
      await giveUp(() => served.release());
      term = undefined;
    }
  }

  return {
    get leading() {
      return term?.leading ?? false;
    },
    async run(signal) {
      while (!signal.aborted) {
        const acquisition = await acquire(signal);
        if (acquisition !== undefined) await serve(acquisition, signal);
      }
    },
  };
}
