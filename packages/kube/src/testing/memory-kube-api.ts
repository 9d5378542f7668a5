import type { Clock } from '@checkpoint-warden/kit';
import type { KubeApi, ObjectKey, WatchEvent, WatchQuery } from '../kube-api.ts';
import type { KubeObject } from '../objects.ts';
import { type Resource, resourceName } from '../resource.ts';
import { type KubeCall, type KubeFaults, noAnswer, refusal, sendThrough } from './kube-faults.ts';
import { createMemoryRequests } from './memory-requests.ts';
import { createMemoryStore, type StoreSnapshot } from './memory-store.ts';
import { type OpenWatch, openWatch } from './memory-watch.ts';

/** An API server in memory, for many clients, and the hand of the world in it. */
export interface MemoryApiServer {
  /** @param faults - what goes wrong with this client's calls; nothing unless given */
  client(faults?: KubeFaults): KubeApi;
  /** Writes an object whole, its status too, over what is there, as the rest of the cluster does. */
  put<T extends KubeObject>(resource: Resource<T>, object: T): T;
  remove(resource: Resource, key: ObjectKey): void;
  /** All of a resource, in the order of their keys. */
  objects<T extends KubeObject>(resource: Resource<T>): readonly T[];
  /** Ends the watches of one client, or of all: as a server that shuts down does, or as a network that breaks. */
  breakWatches(kind: 'clean' | 'error', client?: KubeApi): void;
  /** Forgets the history: watches and lists cannot go on from before. */
  compact(): void;
  /** A backup of etcd. */
  snapshot(): StoreSnapshot;
  /** Goes back to a backup of this server: objects and resourceVersion. Watches break. */
  restore(snapshot: StoreSnapshot): void;
}

export interface MemoryApiServerOptions {
  readonly clock: Clock;
  /** What is installed; anything unless given. */
  readonly resources?: readonly Resource[];
  /** Changes of each resource that are remembered for watches. */
  readonly historyLength?: number;
  /** How long a client waits for an answer. */
  readonly requestTimeoutMs?: number;
}

/** How much longer than its timeout a client waits for a silent watch. */
const WATCH_MARGIN_MS = 30_000;

/**
 * Makes an API server in memory, with nothing in it. It does what the port in kube-api.ts promises, on virtual time: it waits
 * with `clock.sleep` and microtasks alone.
 *
 * Simpler than a real one: it has no schemas and takes every object as it is, and an applied status owns its top-level fields
 * whole. Objects are shared with all who read them, and are not to be changed.
 */
export function createMemoryApiServer({
  clock,
  resources,
  historyLength = 1_000,
  requestTimeoutMs = 10_000,
}: MemoryApiServerOptions): MemoryApiServer {
  const store = createMemoryStore(clock, historyLength);
  const requests = createMemoryRequests(store);
  const installed = resources && new Set(resources.map(resourceName));
  const watches = new Map<OpenWatch, { readonly call: KubeCall; readonly client: KubeApi }>();

  function refuseUnknown(call: KubeCall): void {
    if (installed?.has(resourceName(call.resource)) !== false) return;
    throw refusal(call, 404, '', 'the server could not find the requested resource');
  }

  function clientWith(faults: KubeFaults): KubeApi {
    function send<T>(call: KubeCall, effect: () => unknown, signal: AbortSignal): Promise<T> {
      const timing = { clock, timeoutMs: requestTimeoutMs, signal };
      const arrive = () => {
        refuseUnknown(call);
        return effect();
      };
      // `T` is what the resource says its objects are, and what was stored under it.
      return sendThrough(faults(call), call, arrive, timing) as Promise<T>;
    }
    const client: KubeApi = {
      list(resource, query, signal) {
        const call = { verb: 'list', resource } as const;
        return send(call, () => requests.list(call, query), signal);
      },
      get(resource, key, signal) {
        return send({ verb: 'get', resource, key }, () => store.read(resource, key), signal);
      },
      create(resource, object, signal) {
        const call = { verb: 'create', resource, key: object.metadata } as const;
        return send(call, () => requests.create(call, object), signal);
      },
      replace(resource, object, signal) {
        const call = { verb: 'update', resource, key: object.metadata } as const;
        return send(call, () => requests.replace(call, object), signal);
      },
      applyStatus(resource, object, signal) {
        const call = { verb: 'patch', resource, key: object.metadata } as const;
        return send(call, () => requests.applyStatus(call, object), signal);
      },
      async watch<T extends KubeObject>(
        resource: Resource<T>,
        query: WatchQuery,
        onEvent: (event: WatchEvent<T>) => void,
        signal: AbortSignal,
      ) {
        const call = { verb: 'watch', resource } as const;
        const fault = faults(call);
        const lagMs = typeof fault === 'object' && 'delayMs' in fault ? fault.delayMs : 0;
        const timing = { clock, timeoutMs: query.timeoutSeconds * 1000 + WATCH_MARGIN_MS, signal };
        await sendThrough(lagMs > 0 ? 'ok' : fault, call, () => refuseUnknown(call), timing);
        // The same as in `send`.
        const emit = onEvent as (event: WatchEvent<KubeObject>) => void;
        const watch = openWatch({ store, clock }, resource, query, emit, lagMs);
        if (watch === undefined) {
          throw refusal(call, 410, 'Expired', `too old resource version: ${query.resourceVersion}`);
        }
        const abort = () => watch.end(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        watches.set(watch, { call, client });
        try {
          await watch.ended;
        } finally {
          watches.delete(watch);
          signal.removeEventListener('abort', abort);
        }
      },
    };
    return client;
  }

  function breakWatches(kind: 'clean' | 'error', of?: KubeApi): void {
    for (const [watch, { call, client }] of watches) {
      if (of !== undefined && of !== client) continue;
      watch.end(kind === 'clean' ? undefined : noAnswer(call, 'the connection broke'));
    }
  }

  return {
    client: (faults = () => 'ok') => clientWith(faults),
    put: <T extends KubeObject>(resource: Resource<T>, object: T) => store.write(resource, object) as T,
    remove: (resource, key) => store.remove(resource, key),
    objects: <T extends KubeObject>(resource: Resource<T>) =>
      store.select(resource, {}) as KubeObject[] as T[],
    breakWatches,
    compact() {
      store.compact();
      requests.expireLists();
    },
    snapshot: () => store.snapshot(),
    restore(snapshot) {
      store.restore(snapshot);
      requests.expireLists();
      breakWatches('error');
    },
  };
}
