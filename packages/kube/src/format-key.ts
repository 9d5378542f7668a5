import type { ObjectKey } from './kube-api.ts';

/** `namespace/name`, or `name` of a cluster-scoped object: how objects of one resource are told apart in a map. */
export function formatKey({ namespace, name }: ObjectKey): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
