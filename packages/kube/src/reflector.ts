import type { Clock, Component, Logger } from '@checkpoint-warden/kit';
import { createBackoff } from './backoff.ts';
import { formatKey } from './format-key.ts';
import type { KubeApi, Selection, WatchEvent } from './kube-api.ts';
import { KubeError } from './kube-error.ts';
import { type Change, createObjectStore } from './object-store.ts';
import type { KubeObject } from './objects.ts';
import { type Resource, resourceName } from './resource.ts';
import { compareResourceVersions } from './resource-version.ts';
import { untilAborted } from './until-aborted.ts';

/**
 * Why a reflector begins anew: the server ended the watch; it cannot tell what changed since (410, it went back, or it is said
 * to have, by {@link Reflector.listAnew}); the watch failed, or a list did.
 */
export type RestartReason = 'ended' | 'expired' | 'error' | 'list-failed';

export interface ReflectorOptions<T extends KubeObject, S> {
  readonly api: Pick<KubeApi, 'list' | 'watch'>;
  readonly resource: Resource<T>;
  readonly selection?: Selection;
  /** What to keep of an object. It and the handlers must not throw: that ends `run`. */
  readonly slim: (object: T) => S;
  /** When what is kept of an object is new, different or gone (`undefined`). `objects` is already as after all of a list. */
  readonly onChange?: (key: string, next: S | undefined, previous: S | undefined) => void;
  /** Once, after the first complete list and its changes. */
  readonly onSynced?: () => void;
  readonly onRestart?: (reason: RestartReason) => void;
  /** After a list that is not the first, before its changes: what came and went since the last watch was not seen. */
  readonly onListedAnew?: () => void;
  /** A list is older than what was seen before, as after a restore of etcd from a backup; it is applied afterwards. */
  readonly onWentBack?: (seen: string, listed: string) => void;
  /** Objects in a page of a list. Default 500. */
  readonly pageSize?: number;
  /**
   * Whether a watch is followed by a list, and never by another watch from where it ended. A restore of etcd can leave
   * resourceVersions that look as if nothing had happened; then only a list shows what is. For resources with few objects.
   */
  readonly listsAnew?: boolean;
  /** How long a watch lasts, at least and at most. Default 300 to 600. */
  readonly watchSeconds?: { readonly min: number; readonly max: number };
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** A copy of the objects of one resource that follows the API server. See {@link createReflector}. */
export interface Reflector<S> extends Component {
  /** By `namespace/name`, or `name` of cluster-scoped objects. Empty until `synced`. Always the same map. */
  readonly objects: ReadonlyMap<string, S>;
  /** Whether there has been a complete list. What `objects` says is then true or was true, see `trouble`. */
  readonly synced: boolean;
  /** The latest one seen. */
  readonly resourceVersion: string | undefined;
  /** Why `objects` may be out of date now; `undefined` while list or watch work. */
  readonly trouble: KubeError | undefined;
  /** Resolves when `synced`; throws the reason of `signal` when that comes first. */
  whenSynced(signal: AbortSignal): Promise<void>;
  /**
   * Makes the list again soon, whatever is under way: what was seen cannot be relied on any more. For who has noticed a restore of
   * etcd that left resourceVersions as if nothing had happened. However often it is asked for, the backoff is kept.
   */
  listAnew(): void;
}

const BACKOFF = { minMs: 1_000, maxMs: 30_000 };
/** A watch that lasted so long worked. */
const LONG_LIVED_MS = 30_000;
/** The longest wait that a server may ask for. */
const MAX_RETRY_AFTER_MS = 300_000;
/** When watches have said nothing for so long, not even in a bookmark, which come every minute, the list is made again. */
const MAX_SILENCE_MS = 300_000;

interface Outcome {
  readonly reason: RestartReason;
  readonly error?: KubeError;
}

const OVERTURNED: Outcome = { reason: 'expired' };

/**
 * Keeps what `slim` takes of every object of a resource.
 * ```
 *          ┌── failed: backoff ──┐
 *   start ─┴─▶ list (all pages) ─┴─ complete ─▶ watch ◀─┬─ ended, failed: backoff ─┐
 *                    ▲                            └─────┴──────────────────────────┘
 *                    └── 410, silent too long, the server went back, `listAnew`: backoff
 * ```
 * A list is applied when its last page has come, and not at all when a page fails. The backoff starts anew only after a
 * watch that lasted: lists that work and watches that do not must not take turns without a pause.
 */
export function createReflector<T extends KubeObject, S>(options: ReflectorOptions<T, S>): Reflector<S> {
  const { api, resource, selection, slim, onChange, clock, random, pageSize = 500 } = options;
  const { listsAnew = false } = options;
  const { min, max } = options.watchSeconds ?? { min: 300, max: 600 };
  const log = options.log.child({ resource: resourceName(resource) });
  const store = createObjectStore<S>();
  const backoff = createBackoff({ ...BACKOFF, random });
  const firstList = Promise.withResolvers<void>();
  let synced = false;
  let resourceVersion: string | undefined;
  let trouble: KubeError | undefined;
  let heardMs = clock.monotonicMs();
  /** Aborted: what was listed last, or is being listed, is not to be relied on. */
  let overturned = new AbortController();

  const report = (changes: readonly Change<S>[]) => {
    for (const { key, next, previous } of changes) onChange?.(key, next, previous);
  };

  const works = () => {
    if (trouble !== undefined) log.info('in touch with the API server again');
    trouble = undefined;
  };

  const fails = (error: KubeError) => {
    if (error.status !== trouble?.status || error.reason !== trouble.reason) {
      log.warn({ err: error }, 'cannot follow the API server');
    }
    trouble = error;
  };

  const applyList = (listed: ReadonlyMap<string, S>, version: string) => {
    if (resourceVersion !== undefined && (compareResourceVersions(version, resourceVersion) ?? 0) < 0) {
      log.warn({ seen: resourceVersion, listed: version }, 'the API server went back to an earlier state');
      options.onWentBack?.(resourceVersion, version);
    }
    resourceVersion = version;
    heardMs = clock.monotonicMs();
    works();
    const changes = store.replace(listed);
    const first = !synced;
    synced = true;
    if (!first) options.onListedAnew?.();
    report(changes);
    if (first) {
      options.onSynced?.();
      firstList.resolve();
    }
  };

  const list = async (signal: AbortSignal): Promise<Outcome | undefined> => {
    const listed = new Map<string, S>();
    let version: string | undefined;
    let continueToken: string | undefined;
    try {
      do {
        const page = await api.list(
          resource,
          { ...selection, limit: pageSize, ...(continueToken === undefined ? {} : { continueToken }) },
          signal,
        );
        for (const object of page.items) listed.set(formatKey(object.metadata), slim(object));
        // Should pages ever differ, what changed after the first one comes again in the watch.
        version ??= page.resourceVersion;
        continueToken = page.continueToken;
      } while (continueToken !== undefined);
    } catch (error) {
      if (error instanceof KubeError) return { reason: 'list-failed', error };
      throw error;
    }
    if (!signal.aborted) applyList(listed, version);
    return undefined;
  };

  const applyEvent = (event: WatchEvent<T>) => {
    const version = event.type === 'bookmark' ? event.resourceVersion : event.object.metadata.resourceVersion;
    // A bookmark of where the watch began only says that the server has accepted it.
    if (version !== resourceVersion) heardMs = clock.monotonicMs();
    resourceVersion = version ?? resourceVersion;
    works();
    if (event.type === 'bookmark') return;
    report(
      store.set(formatKey(event.object.metadata), event.type === 'deleted' ? undefined : slim(event.object)),
    );
  };

  /**
   * Whether the server has not come as far as `from`: etcd was restored from a backup. It would accept the watch, and leave
   * out all that happens until it has (tried on kube-apiserver 1.37.2).
   */
  const isAheadOfServer = async (from: string, signal: AbortSignal) => {
    const namespace = selection?.namespace;
    const page = await api.list(
      resource,
      { ...(namespace === undefined ? {} : { namespace }), limit: 1 },
      signal,
    );
    return (compareResourceVersions(page.resourceVersion, from) ?? 0) < 0;
  };

  const watch = async (from: string, isResumed: boolean, signal: AbortSignal): Promise<Outcome> => {
    const bug = new AbortController();
    const over = AbortSignal.any([signal, bug.signal, overturned.signal]);
    const onEvent = (event: WatchEvent<T>) => {
      if (over.aborted) return;
      try {
        applyEvent(event);
      } catch (error) {
        bug.abort(error);
      }
    };
    const timeoutSeconds = Math.floor(min + random() * (max - min + 1));
    const query = { ...selection, resourceVersion: from, timeoutSeconds };
    try {
      if (isResumed && (await isAheadOfServer(from, signal))) return { reason: 'expired' };
      await api.watch(resource, query, onEvent, over);
    } catch (error) {
      if (!bug.signal.aborted) {
        if (overturned.signal.aborted) return OVERTURNED;
        if (error instanceof KubeError) return { reason: error.status === 410 ? 'expired' : 'error', error };
        throw error;
      }
    }
    bug.signal.throwIfAborted();
    return { reason: 'ended' };
  };

  const delayMs = ({ reason, error }: Outcome, livedMs: number) => {
    if (livedMs >= LONG_LIVED_MS) backoff.reset();
    if (reason === 'ended' && livedMs >= LONG_LIVED_MS) return random() * BACKOFF.minMs;
    return Math.max(backoff.next(), Math.min(error?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
  };

  const follow = async (signal: AbortSignal) => {
    let from: string | undefined;
    let isResumed = false;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      if (from === undefined) overturned = new AbortController();
      const attempted = from === undefined ? await list(signal) : await watch(from, isResumed, signal);
      if (signal.aborted) return;
      const outcome = attempted ?? (overturned.signal.aborted ? OVERTURNED : undefined);
      if (outcome === undefined) {
        from = resourceVersion;
        isResumed = false;
        continue;
      }
      const livedMs = from === undefined ? 0 : clock.monotonicMs() - startedMs;
      const { reason, error } = outcome;
      if (error !== undefined) fails(error);
      options.onRestart?.(reason);
      const waitMs = delayMs(outcome, livedMs);
      log.debug({ reason, waitMs, resourceVersion }, 'the watch begins anew');
      await clock.sleep(waitMs, signal);
      const isSilent = clock.monotonicMs() - heardMs >= MAX_SILENCE_MS;
      const cannotGoOn = overturned.signal.aborted || reason === 'expired' || reason === 'list-failed';
      const mustList = listsAnew || isSilent || cannotGoOn;
      from = mustList ? undefined : resourceVersion;
      isResumed = true;
    }
  };

  return {
    objects: store.objects,
    get synced() {
      return synced;
    },
    get resourceVersion() {
      return resourceVersion;
    },
    get trouble() {
      return trouble;
    },
    whenSynced: (signal) => untilAborted(firstList.promise, signal),
    listAnew: () => overturned.abort(),
    async run(signal) {
      try {
        await follow(signal);
      } catch (error) {
        // A call that was aborted throws the reason; all else is a bug.
        if (!signal.aborted) throw error;
      }
    },
  };
}
