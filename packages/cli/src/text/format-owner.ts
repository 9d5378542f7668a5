import type { Owner } from '@checkpoint-warden/policy';

/** `shop/web-0/app, pod UID 1f5d…`. */
export function formatOwner({ namespace, pod, container, podUid }: Owner): string {
  return `${namespace}/${pod}/${container}${podUid === undefined ? '' : `, pod UID ${podUid}`}`;
}
