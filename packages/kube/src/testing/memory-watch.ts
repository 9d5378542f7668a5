import type { Clock } from '@checkpoint-warden/kit';
import type { WatchEvent, WatchQuery } from '../kube-api.ts';
import type { Resource } from '../resource.ts';
import type { Change, MemoryStore, StoredObject } from './memory-store.ts';
import { selects } from './selector.ts';

/** How often a watch on which nothing happens says so: about once a minute, as the API server does. */
const BOOKMARK_MS = 60_000;
/** And once more so long before it ends. */
const LAST_BOOKMARK_MS = 2_000;

/** A watch that is being served. */
export interface OpenWatch {
  /** Settles when the watch has ended. */
  readonly ended: Promise<void>;
  /** Ends it now, with an error or cleanly; what is on its way is lost. */
  end(error?: unknown): void;
}

interface WatchDeps {
  readonly store: MemoryStore;
  readonly clock: Clock;
}

/**
 * Serves changes after `query.resourceVersion`. One of the future (of before a restore) is silence until the store has come by
 * it, as it is on the API server.
 *
 * @param lagMs - how much later than the change its event arrives
 * @returns `undefined` when the version is too old
 */
export function openWatch(
  { store, clock }: WatchDeps,
  resource: Resource,
  query: WatchQuery,
  onEvent: (event: WatchEvent<StoredObject>) => void,
  lagMs: number,
): OpenWatch | undefined {
  const since = Number(query.resourceVersion);
  const selected = selects(query);
  const backlog = store.changesAfter(resource, since);
  if (backlog === undefined) return undefined;

  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const over = new AbortController();
  const inFlight: (() => void)[] = [];

  function end(error?: unknown): void {
    if (over.signal.aborted) return;
    over.abort();
    unsubscribe();
    if (error === undefined) resolve();
    else reject(error);
  }
  /** All that the server says goes through one queue: nothing overtakes. */
  function send(arrival: () => void): void {
    inFlight.push(arrival);
    const underWay = lagMs > 0 ? clock.sleep(lagMs, over.signal) : Promise.resolve();
    void underWay.then(() => {
      if (!over.signal.aborted) inFlight.shift()?.();
    });
  }
  function sendChange(change: Change): void {
    const event = change.version > since ? toEvent(change, selected) : undefined;
    if (event !== undefined) send(() => onEvent(event));
  }
  function sendBookmark(): void {
    const resourceVersion = String(store.version);
    if (store.version >= since) send(() => onEvent({ type: 'bookmark', resourceVersion }));
  }
  async function serve(): Promise<void> {
    const endMs = clock.monotonicMs() + query.timeoutSeconds * 1000;
    const lastBookmarkMs = endMs - LAST_BOOKMARK_MS;
    while (!over.signal.aborted) {
      const leftMs = lastBookmarkMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      await clock.sleep(Math.min(BOOKMARK_MS, leftMs), over.signal);
      if (!over.signal.aborted) sendBookmark();
    }
    await clock.sleep(endMs - clock.monotonicMs(), over.signal);
    if (!over.signal.aborted) send(end);
  }

  const unsubscribe = store.subscribe(resource, sendChange);
  for (const change of backlog) sendChange(change);
  void serve();
  return { ended, end };
}

/** What a change is for who sees only the objects that are selected. */
function toEvent(
  { object, before, deleted }: Change,
  selected: (object: StoredObject) => boolean,
): WatchEvent<StoredObject> | undefined {
  const was = before !== undefined && selected(before);
  const is = !deleted && selected(object);
  if (is) return { type: was ? 'modified' : 'added', object };
  if (!was) return undefined;
  const { resourceVersion = '' } = object.metadata;
  return { type: 'deleted', object: { ...before, metadata: { ...before.metadata, resourceVersion } } };
}
