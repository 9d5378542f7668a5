import type { GroupKey, GroupLevel, Owner } from './types.ts';

/** The group of an owner at a level: `ns`, `ns/pod` or `ns/pod/container`. */
export function groupKey(level: GroupLevel, owner: Owner): GroupKey {
  switch (level) {
    case 'namespace':
      return owner.namespace;
    case 'pod':
      return `${owner.namespace}/${owner.pod}`;
    case 'container':
      return `${owner.namespace}/${owner.pod}/${owner.container}`;
  }
}

/** All groups an owner's archives belong to: an arrival is one in each of them. */
export function groupKeysOf(owner: Owner): readonly GroupKey[] {
  return [groupKey('container', owner), groupKey('pod', owner), groupKey('namespace', owner)];
}

/** The namespace that a group lies in. */
export function namespaceOf(group: GroupKey): string {
  const slash = group.indexOf('/');
  return slash < 0 ? group : group.slice(0, slash);
}
