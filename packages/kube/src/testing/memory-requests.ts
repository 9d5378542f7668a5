import type { ListPage, ListQuery } from '../kube-api.ts';
import type { ObjectMeta } from '../objects.ts';
import { resourceName } from '../resource.ts';
import { type KubeCall, refusal } from './kube-faults.ts';
import { type MemoryStore, type StoredObject, sameJson } from './memory-store.ts';

/** What an API server does with each call but a watch. `call` says whose answer it is, and whose error. */
export interface MemoryRequests {
  list(call: KubeCall, query: ListQuery): ListPage<StoredObject>;
  create(call: KubeCall, object: StoredObject): StoredObject;
  replace(call: KubeCall, object: StoredObject): StoredObject;
  applyStatus(call: KubeCall, object: StoredObject): StoredObject;
  /** No list that has begun can be continued any more. */
  expireLists(): void;
}

/** Lists that are still to be continued; the oldest has to begin anew. */
const MAX_CONTINUATIONS = 64;

export function createMemoryRequests(store: MemoryStore): MemoryRequests {
  const continuations = new Map<
    string,
    { readonly items: readonly StoredObject[]; readonly version: number }
  >();
  let lastToken = 0;
  /** The top-level fields of the status that was applied before, by uid: what an apply without them takes away again. */
  const applied = new Map<string, readonly string[]>();

  function begin(call: KubeCall, query: ListQuery) {
    try {
      return { items: store.select(call.resource, query), version: store.version };
    } catch (error) {
      if (error instanceof SyntaxError) throw refusal(call, 400, 'BadRequest', error.message);
      throw error;
    }
  }

  function existing(call: KubeCall): StoredObject {
    const object = call.key && store.read(call.resource, call.key);
    if (object === undefined) throw refusal(call, 404, 'NotFound', `${nameOf(call)} not found`);
    return object;
  }

  /** A write that changes nothing makes no new version. */
  function writeIfChanged({ resource }: KubeCall, before: StoredObject, after: StoredObject): StoredObject {
    const { apiVersion, kind } = before;
    return sameJson(before, { ...after, apiVersion, kind }) ? before : store.write(resource, after);
  }

  return {
    list(call, query) {
      const { continueToken, limit } = query;
      const list = continueToken === undefined ? begin(call, query) : continuations.get(continueToken);
      if (list === undefined) throw refusal(call, 410, 'Expired', 'the continue token is too old');
      const items = list.items.slice(0, limit).map(({ apiVersion: _, kind: __, ...item }) => item);
      const page = { items, resourceVersion: String(list.version) };
      if (list.items.length <= limit) return page;
      lastToken += 1;
      continuations.set(String(lastToken), { items: list.items.slice(limit), version: list.version });
      const [oldest] = continuations.keys();
      if (oldest !== undefined && continuations.size > MAX_CONTINUATIONS) continuations.delete(oldest);
      return { ...page, continueToken: String(lastToken) };
    },
    create(call, { status: _, ...object }) {
      const { uid: __, creationTimestamp: ___, ...metadata } = object.metadata;
      if (metadata.resourceVersion !== undefined) {
        throw refusal(call, 400, 'BadRequest', 'resourceVersion should not be set on objects to be created');
      }
      if (store.read(call.resource, metadata) !== undefined) {
        throw refusal(call, 409, 'AlreadyExists', `${nameOf(call)} already exists`);
      }
      return store.write(call.resource, { ...object, metadata });
    },
    replace(call, { status: _, ...object }) {
      if (object.metadata.resourceVersion === undefined) {
        throw refusal(call, 422, 'Invalid', 'metadata.resourceVersion: must be specified for an update');
      }
      const before = existing(call);
      refuseOutdated(call, object.metadata, before.metadata);
      const status = before.status === undefined ? {} : { status: before.status };
      return writeIfChanged(call, before, { ...object, ...status });
    },
    applyStatus(call, object) {
      const before = existing(call);
      refuseOutdated(call, object.metadata, before.metadata);
      const { uid = '' } = before.metadata;
      const ours = Object.keys(Object(object.status));
      const dropped = applied.get(uid)?.filter((field) => !ours.includes(field)) ?? [];
      const theirs = Object.entries(Object(before.status)).filter(([field]) => !dropped.includes(field));
      applied.set(uid, ours);
      const status = { ...Object.fromEntries(theirs), ...Object(object.status) };
      return writeIfChanged(call, before, { ...before, status });
    },
    expireLists: () => continuations.clear(),
  };
}

/** The preconditions that an object carries in its metadata. */
function refuseOutdated(call: KubeCall, given: ObjectMeta, current: ObjectMeta): void {
  for (const field of ['uid', 'resourceVersion'] as const) {
    if (given[field] !== undefined && given[field] !== current[field]) {
      const why = `${field} is ${given[field]} in the request and ${current[field]} in fact`;
      throw refusal(call, 409, 'Conflict', `${nameOf(call)}: the object has been modified: ${why}`);
    }
  }
}

function nameOf({ resource, key }: KubeCall): string {
  return `${resourceName(resource)} "${key?.name}"`;
}
