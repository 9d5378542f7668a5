import type { GroupKey } from '@checkpoint-warden/policy';

/** The namespace that a group lies in. */
export function namespaceOf(group: GroupKey): string {
  const slash = group.indexOf('/');
  return slash < 0 ? group : group.slice(0, slash);
}
