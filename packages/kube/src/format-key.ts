import type { ObjectKey } from './kube-api.ts';

/** `namespace/name`, or `name` of a cluster-scoped object: how objects of one resource are told apart in a map. */
export function formatKey({ namespace, name }: ObjectKey): string {
  // Joined, it is a text of its own. A template makes a tree of its parts, which a map of 150,000 pods would keep.
  return namespace === undefined ? name : [namespace, name].join('/');
}
