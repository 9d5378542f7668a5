import type { KubeObject } from './objects.ts';
import type { Resource } from './resource.ts';

/** Which object of a resource. `namespace` is left out for cluster-scoped ones. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

/** What to list or watch. */
export interface Selection {
  /** Left out: all namespaces, or a cluster-scoped resource. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListQuery extends Selection {
  /** Objects of one page at most. */
  readonly limit: number;
  /** From the page before. */
  readonly continueToken?: string;
}

/** One page of a list. Objects have no `apiVersion` and `kind` in it. */
export interface ListPage<T> {
  readonly items: readonly T[];
  /** Of the whole list; what a watch can begin from. */
  readonly resourceVersion: string;
  /** Of the next page; absent on the last. */
  readonly continueToken?: string;
}

export interface WatchQuery extends Selection {
  readonly resourceVersion: string;
  /** After so long the server ends the watch by itself. */
  readonly timeoutSeconds: number;
}

/** `bookmark`: nothing has changed, go on from this resourceVersion. */
export type WatchEvent<T> =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

/**
 * What we use of an API server: the port between our parts and client-node. Every call ends: with an answer, with
 * {@link KubeError}, or when `signal` is aborted, with its reason thrown. Every call but `watch` has a time limit of its own.
 *
 * `describeKubeApi` in testing.ts says what an implementation must do.
 */
export interface KubeApi {
  /** @throws KubeError; status 410, reason `Expired`, when the continue token is too old */
  list<T extends KubeObject>(
    resource: Resource<T>,
    query: ListQuery,
    signal: AbortSignal,
  ): Promise<ListPage<T>>;
  /**
   * Calls `onEvent`, which must not throw, for each change after `resourceVersion`, and for bookmarks.
   * A bookmark of `resourceVersion` itself may come first: the server has accepted the watch.
   *
   * @returns when the server has ended the watch cleanly
   * @throws KubeError; status 410 when `resourceVersion` is too old, also when the server says so in the stream; status 0 when
   * the connection broke, was silent for longer than `timeoutSeconds` and a margin, or what came is not an event
   */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    query: WatchQuery,
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Asks for the object as it is now: no cache may answer.
   *
   * @returns `undefined` only when the API server itself said, in a Status with reason `NotFound` about this very object, that
   * it does not exist
   * @throws KubeError for everything else, another 404 included
   */
  get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    signal: AbortSignal,
  ): Promise<T | undefined>;
  /** @throws KubeError; reason `AlreadyExists` when it does */
  create<T extends KubeObject>(resource: Resource<T>, object: T, signal: AbortSignal): Promise<T>;
  /**
   * Replaces an object, which must carry the `resourceVersion` that it was read with.
   *
   * @throws KubeError; reason `Conflict` when it has been changed since
   */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, signal: AbortSignal): Promise<T>;
  /**
   * Server-side apply of `status` alone, forced, under our field manager.
   *
   * @param object - with `apiVersion`, `kind`, `metadata.name` and `status`
   */
  applyStatus<T extends KubeObject>(resource: Resource<T>, object: T, signal: AbortSignal): Promise<T>;
}
