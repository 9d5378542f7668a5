import type { Clock } from '@checkpoint-warden/kit';
import type { ObjectKey, Selection } from '../kube-api.ts';
import type { KubeObject, ObjectMeta } from '../objects.ts';
import { type Resource, resourceName } from '../resource.ts';
import { selects } from './selector.ts';

/** An object of any resource. */
export interface StoredObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** One write. */
export interface Change {
  readonly version: number;
  /** After the write; of a deletion: as it was, with the version of the deletion. */
  readonly object: StoredObject;
  /** Absent when the write created the object. */
  readonly before?: StoredObject;
  readonly deleted: boolean;
}

/** What a backup of etcd holds. Opaque. */
export interface StoreSnapshot {
  readonly version: number;
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, StoredObject>>;
}

/** What etcd and the watch cache are to an API server. Objects are never changed, only replaced by others. */
export interface MemoryStore {
  /** Of the last write. */
  readonly version: number;
  read(resource: Resource, key: ObjectKey): StoredObject | undefined;
  /** In the order of their keys. */
  select(resource: Resource, selection: Selection): StoredObject[];
  /** Writes the object as it is given, but for what the server alone decides: version, uid, creation and generation. */
  write(resource: Resource, object: StoredObject): StoredObject;
  remove(resource: Resource, key: ObjectKey): void;
  /** @returns `undefined` when that is too far back to be known */
  changesAfter(resource: Resource, version: number): Change[] | undefined;
  /** Calls back at each write, until the returned function is called. */
  subscribe(resource: Resource, listener: (change: Change) => void): () => void;
  /** Forgets all changes until now. */
  compact(): void;
  snapshot(): StoreSnapshot;
  restore(snapshot: StoreSnapshot): void;
}

interface Collection {
  objects: Map<string, StoredObject>;
  changes: Change[];
  /** The version of the last change that is forgotten. */
  forgotten: number;
  readonly listeners: Set<(change: Change) => void>;
}

/** @param historyLength - changes of each resource that are remembered for watches */
export function createMemoryStore(clock: Clock, historyLength: number): MemoryStore {
  const collections = new Map<string, Collection>();
  let version = 0;
  let forgotten = 0;
  // Not in snapshots: no two objects ever have the same uid.
  let lastUid = 0;

  function collectionOf(resource: Resource): Collection {
    const name = resourceName(resource);
    let collection = collections.get(name);
    if (collection === undefined) {
      collection = { objects: new Map(), changes: [], forgotten, listeners: new Set() };
      collections.set(name, collection);
    }
    return collection;
  }

  function publish(collection: Collection, change: Change): void {
    collection.changes.push(change);
    if (collection.changes.length > historyLength) {
      collection.forgotten = collection.changes.shift()?.version ?? collection.forgotten;
    }
    for (const listener of collection.listeners) listener(change);
  }

  function stamp(resource: Resource, object: StoredObject, before: StoredObject | undefined): StoredObject {
    const { generation: _, ...given } = object.metadata;
    const generation = generationOf(object, before);
    const metadata: ObjectMeta = {
      ...given,
      uid: before?.metadata.uid ?? given.uid ?? uidOf(++lastUid),
      creationTimestamp:
        before?.metadata.creationTimestamp ?? given.creationTimestamp ?? wholeSeconds(clock.nowMs()),
      resourceVersion: String(version),
      ...(generation === undefined ? {} : { generation }),
    };
    const { group, version: apiVersion, kind } = resource;
    return { ...object, apiVersion: group === '' ? apiVersion : `${group}/${apiVersion}`, kind, metadata };
  }

  return {
    get version() {
      return version;
    },
    read: (resource, key) => collectionOf(resource).objects.get(pathOf(key)),
    select(resource, selection) {
      const selected = selects(selection);
      const paths = [...collectionOf(resource).objects].filter(([, object]) => selected(object));
      return paths.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    },
    write(resource, given) {
      const collection = collectionOf(resource);
      const path = pathOf(given.metadata);
      const before = collection.objects.get(path);
      version += 1;
      const object = stamp(resource, given, before);
      collection.objects.set(path, object);
      publish(collection, { version, object, deleted: false, ...(before === undefined ? {} : { before }) });
      return object;
    },
    remove(resource, key) {
      const collection = collectionOf(resource);
      const before = collection.objects.get(pathOf(key));
      if (before === undefined) return;
      version += 1;
      collection.objects.delete(pathOf(key));
      const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
      publish(collection, { version, object, before, deleted: true });
    },
    changesAfter(resource, since) {
      const collection = collectionOf(resource);
      if (since < collection.forgotten) return undefined;
      const last = collection.changes.findLastIndex((change) => change.version <= since);
      return collection.changes.slice(last + 1);
    },
    subscribe(resource, listener) {
      const { listeners } = collectionOf(resource);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    compact() {
      forgotten = version;
      for (const collection of collections.values()) Object.assign(collection, { changes: [], forgotten });
    },
    snapshot: () => ({
      version,
      objects: new Map([...collections].map(([name, { objects }]) => [name, new Map(objects)])),
    }),
    restore(snapshot) {
      version = snapshot.version;
      // The API server starts anew on the restored etcd, with a watch cache that knows nothing of before.
      forgotten = version;
      for (const [name, collection] of collections) {
        const objects = new Map(snapshot.objects.get(name));
        Object.assign(collection, { objects, changes: [], forgotten });
      }
    },
  };
}

/** Orders as etcd does. */
function pathOf({ namespace, name }: ObjectKey): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function generationOf(object: StoredObject, before: StoredObject | undefined): number | undefined {
  if (before === undefined) return object.spec === undefined ? undefined : 1;
  const generation = before.metadata.generation;
  if (generation === undefined || sameJson(before.spec, object.spec)) return generation;
  return generation + 1;
}

/** Whether two values are the same on the wire, whatever the order of their keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameJson(Reflect.get(a, key), Reflect.get(b, key)));
}

function uidOf(serial: number): string {
  return `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`;
}

/** An RFC 3339 time as the API server writes it. */
function wholeSeconds(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19)}Z`;
}
