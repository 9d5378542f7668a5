import { type Logger, startDeadline } from '@checkpoint-warden/kit';
import type { KubeApi, ListPage, ObjectKey } from './kube-api.ts';
import {
  createKubeHttp,
  type KubeCall,
  type KubeRefusal,
  noAnswer,
  readJson,
  readLines,
  readRefusal,
} from './kube-http.ts';
import type { KubeObject } from './objects.ts';
import { type Resource, resourceName } from './resource.ts';
import { resourcePath } from './resource-path.ts';
import type { StatusObject } from './status-object.ts';
import { parseWatchEvent } from './watch-event.ts';

export interface KubeApiOptions {
  /** File name; left out: the service account of the pod that we run in. */
  readonly kubeconfig?: string;
  readonly userAgent: string;
  /** Who we are among those that own fields of objects. */
  readonly fieldManager: string;
  /** Milliseconds for a whole call, connecting included; of a watch, until the server accepts it. */
  readonly requestTimeoutMs: number;
  /** Milliseconds that a watch may last longer than it was to, before its connection counts as dead. Default 30 s. */
  readonly watchMarginMs?: number;
  readonly log: Logger;
}

type Answer = { readonly body: unknown } | { readonly refusal: KubeRefusal };

/**
 * Opens an API server. Takes client-node's KubeConfig to find it and to authenticate, and sends requests itself: client-node's
 * generated classes parse every field and have no time limit, its authentication opens a new connection for every call, and
 * its Watch hides lines that are no events, knows no reason of a refusal and gives up after 30 s without an event.
 *
 * @throws AppError `CW_ERR_USAGE` when there is no usable kubeconfig or service account
 */
export async function createKubeApi(options: KubeApiOptions): Promise<KubeApi> {
  const { kubeconfig, userAgent, fieldManager, requestTimeoutMs, watchMarginMs = 30_000, log } = options;
  const { openKubeCredentials } = await import('./kube-credentials.ts');
  const credentials = openKubeCredentials(kubeconfig);
  const send = createKubeHttp(credentials, userAgent);
  let refused = false;

  /** The same credentials again would only be refused again, until somebody restarts us. */
  const noteStatus = (status: number | undefined) => {
    if (status === 401) {
      credentials.forget();
      if (!refused) log.warn('the API server refuses our credentials; reading them again');
      refused = true;
    } else if (refused && isSuccess(status)) {
      log.info('the API server accepts our credentials again');
      refused = false;
    }
  };
  const limit = (call: KubeCall) => () => noAnswer(call, `no answer within ${requestTimeoutMs} ms`);

  const exchange = async (call: KubeCall, signal: AbortSignal): Promise<Answer> => {
    const deadline = startDeadline(signal, requestTimeoutMs, limit(call));
    try {
      const response = await send(call, deadline.signal);
      noteStatus(response.statusCode);
      return isSuccess(response.statusCode)
        ? { body: await readJson(call, response, deadline.signal) }
        : { refusal: await readRefusal(call, response, deadline.signal) };
    } finally {
      deadline.stop();
    }
  };

  const write = async <T extends KubeObject>(call: KubeCall, object: T, signal: AbortSignal): Promise<T> =>
    asObject<T>(call, bodyOf(await exchange(call, signal)), object.metadata);

  return {
    async list<T extends KubeObject>(
      resource: Resource<T>,
      query: Parameters<KubeApi['list']>[1],
      signal: AbortSignal,
    ) {
      const { namespace, labelSelector, fieldSelector, continueToken } = query;
      const call: KubeCall = {
        verb: 'list',
        resource: resourceName(resource),
        method: 'GET',
        path: resourcePath(
          resource,
          { namespace },
          { labelSelector, fieldSelector, limit: query.limit, continue: continueToken },
        ),
      };
      return asListPage<T>(call, bodyOf(await exchange(call, signal)), `${resource.kind}List`);
    },

    async watch(resource, query, onEvent, signal) {
      const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = query;
      const call: KubeCall = {
        verb: 'watch',
        resource: resourceName(resource),
        method: 'GET',
        path: resourcePath(
          resource,
          { namespace },
          {
            labelSelector,
            fieldSelector,
            resourceVersion,
            timeoutSeconds,
            watch: true,
            allowWatchBookmarks: true,
          },
        ),
      };
      const deadline = startDeadline(signal, requestTimeoutMs, limit(call));
      try {
        const response = await send(call, deadline.signal);
        noteStatus(response.statusCode);
        if (!isSuccess(response.statusCode)) throw (await readRefusal(call, response, deadline.signal)).error;
        deadline.restart(timeoutSeconds * 1000 + watchMarginMs, () =>
          noAnswer(
            call,
            `the watch was to end after ${timeoutSeconds} s and has not: the connection is dead`,
          ),
        );
        onEvent({ type: 'bookmark', resourceVersion });
        for await (const line of readLines(call, response, deadline.signal))
          onEvent(parseWatchEvent(call, line));
      } finally {
        deadline.stop();
      }
    },

    async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, signal: AbortSignal) {
      const call: KubeCall = {
        verb: 'get',
        resource: resourceName(resource),
        method: 'GET',
        // Without a resourceVersion, the answer is the latest state: a quorum read.
        path: resourcePath(resource, key),
      };
      const answer = await exchange(call, signal);
      if ('refusal' in answer && saysNotFound(answer.refusal, resource, key)) return undefined;
      return asObject<T>(call, bodyOf(answer), key);
    },

    create: (resource, object, signal) =>
      write(
        {
          verb: 'create',
          resource: resourceName(resource),
          method: 'POST',
          path: resourcePath(resource, { namespace: object.metadata.namespace }, { fieldManager }),
          body: withType(resource, object),
        },
        object,
        signal,
      ),

    replace: (resource, object, signal) =>
      write(
        {
          verb: 'update',
          resource: resourceName(resource),
          method: 'PUT',
          path: resourcePath(resource, object.metadata, { fieldManager }),
          body: withType(resource, object),
        },
        object,
        signal,
      ),

    applyStatus: (resource, object, signal) =>
      write(
        {
          verb: 'patch',
          resource: `${resourceName(resource)}/status`,
          method: 'PATCH',
          path: resourcePath(
            resource,
            { ...object.metadata, subresource: 'status' },
            { fieldManager, force: true },
          ),
          // JSON is YAML.
          contentType: 'application/apply-patch+yaml',
          body: withType(resource, object),
        },
        object,
        signal,
      ),
  };
}

function isSuccess(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

function bodyOf(answer: Answer): unknown {
  if ('refusal' in answer) throw answer.refusal.error;
  return answer.body;
}

/** Objects that come from a list have no `apiVersion` and `kind`. */
function withType<T extends KubeObject>({ group, version, kind }: Resource<T>, object: T): T {
  return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind };
}

/**
 * Whether the API server itself says that this very object does not exist. The 404 of a proxy, of a namespace that does not
 * exist and of a resource that is not installed say nothing of the object.
 */
function saysNotFound(
  { error, status }: KubeRefusal,
  { group, plural }: Resource,
  { name }: ObjectKey,
): boolean {
  const details: StatusObject['details'] = status?.details;
  return (
    error.status === 404 &&
    status?.reason === 'NotFound' &&
    details?.name === name &&
    details.kind === plural &&
    (details.group ?? '') === group
  );
}

function asObject<T extends KubeObject>(call: KubeCall, body: unknown, { namespace, name }: ObjectKey): T {
  const object = body as T | null;
  if (object?.metadata?.name !== name || object.metadata.namespace !== namespace) {
    throw noAnswer(
      call,
      `the answer is not the object ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    );
  }
  return object;
}

function asListPage<T extends KubeObject>(call: KubeCall, body: unknown, kind: string): ListPage<T> {
  const list = body as {
    kind?: unknown;
    metadata?: { resourceVersion?: string; continue?: string };
    items?: readonly T[] | null;
  } | null;
  const resourceVersion = list?.metadata?.resourceVersion;
  if (list?.kind !== kind || !resourceVersion || !(Array.isArray(list.items) || list.items === null)) {
    throw noAnswer(call, `the answer is not a ${kind} with a resourceVersion and items`);
  }
  const continueToken = list.metadata?.continue;
  // Go writes an empty list that nobody has made as null.
  return { items: list.items ?? [], resourceVersion, ...(continueToken ? { continueToken } : {}) };
}
