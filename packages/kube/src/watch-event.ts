import type { WatchEvent } from './kube-api.ts';
import { type KubeCall, noAnswer, parseJson, toKubeError } from './kube-http.ts';
import type { KubeObject } from './objects.ts';
import { asStatusObject } from './status-object.ts';

const TYPES = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

/**
 * Reads one line of a watch.
 *
 * @throws KubeError when it is an error event, or no event at all
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export function parseWatchEvent<T extends KubeObject>(call: KubeCall, line: string): WatchEvent<T> {
  const { type, object } = (parseJson(line) ?? {}) as { type?: unknown; object?: T };
  const resourceVersion = object?.metadata?.resourceVersion;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (object === undefined || !object.metadata?.name || !resourceVersion) break;
      return { type: TYPES[type], object };
    case 'BOOKMARK':
      if (!resourceVersion) break;
      return { type: 'bookmark', resourceVersion };
    case 'ERROR': {
      const status = asStatusObject(object);
      throw toKubeError(
        call,
        status?.code ?? 0,
        status?.reason,
        status?.message ?? `an error event without a Status: ${line.slice(0, 200)}`,
        status?.details?.retryAfterSeconds,
      );
    }
  }
  throw noAnswer(call, `what came is not a watch event: ${JSON.stringify(line.slice(0, 200))}`);
}
