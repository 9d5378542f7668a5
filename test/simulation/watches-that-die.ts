import type { Clock } from '@checkpoint-warden/kit';
import {
  type KubeApi,
  KubeError,
  type KubeObject,
  type Resource,
  resourceName,
  type WatchEvent,
  type WatchQuery,
} from '@checkpoint-warden/kube';

/** How much longer than its timeout a client waits for a silent watch. */
const WATCH_MARGIN_MS = 30_000;

/** The watches of one process, with a network that can drop a connection without telling. */
export interface DyingWatches {
  watch<T extends KubeObject>(
    api: KubeApi,
    resource: Resource<T>,
    query: WatchQuery,
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** From now on nothing comes on the watches that are open; the client finds out when its time is up. */
  killSilently(): void;
  /** The process does not look for a while. @returns what tells that it does again */
  goBlind(): () => void;
  /** The process is gone, and its connections with it. */
  closeAll(): void;
  /** Spans, in monotonic ms, in which no event of all pods came at once. */
  blindSpans(): readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** @param isImpaired - whether the call that was just made meets a fault */
export function watchesThatDie(clock: Clock, isImpaired: () => boolean): DyingWatches {
  const open = new Set<{ dead: boolean; readonly close: AbortController }>();
  const spans: { readonly fromMs: number; toMs: number }[] = [];
  let blindSinceMs: number | undefined = 0;

  /** Of all pods: what orphans are judged by. */
  const isOfPods = (resource: Resource, query: WatchQuery) =>
    resource.plural === 'pods' && query.labelSelector === undefined;
  const goBlind = () => {
    blindSinceMs ??= clock.monotonicMs();
  };
  const see = () => {
    if (blindSinceMs !== undefined) spans.push({ fromMs: blindSinceMs, toMs: clock.monotonicMs() });
    blindSinceMs = undefined;
  };

  return {
    async watch(api, resource, query, onEvent, signal) {
      const watch = { dead: false, close: new AbortController() };
      const { signal: closed } = watch.close;
      const stop = () => watch.close.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true, signal: closed });
      if (signal.aborted) stop();
      open.add(watch);
      const pods = isOfPods(resource, query);
      const startedMs = clock.monotonicMs();
      try {
        const served = api.watch(
          resource,
          query,
          (event) => {
            if (watch.dead) return;
            onEvent(event);
          },
          closed,
        );
        if (pods && !isImpaired()) see();
        await served;
      } catch (error) {
        if (!watch.dead || signal.aborted) throw error;
        const leftMs = startedMs + query.timeoutSeconds * 1000 + WATCH_MARGIN_MS - clock.monotonicMs();
        await clock.sleep(leftMs, signal);
        signal.throwIfAborted();
        const message = 'the watch was silent for too long';
        const name = resourceName(resource);
        throw new KubeError({ verb: 'watch', resource: name, status: 0, reason: '', message });
      } finally {
        if (pods) goBlind();
        open.delete(watch);
        watch.close.abort('over');
      }
    },
    killSilently() {
      for (const watch of open) {
        watch.dead = true;
        watch.close.abort('dead');
      }
      goBlind();
    },
    goBlind() {
      const fromMs = clock.monotonicMs();
      const pause = { fromMs, toMs: Number.POSITIVE_INFINITY };
      spans.push(pause);
      return () => {
        pause.toMs = clock.monotonicMs();
      };
    },
    closeAll() {
      for (const watch of open) watch.close.abort('closed');
      goBlind();
    },
    blindSpans: () =>
      blindSinceMs === undefined
        ? spans
        : [...spans, { fromMs: blindSinceMs, toMs: Number.POSITIVE_INFINITY }],
  };
}
