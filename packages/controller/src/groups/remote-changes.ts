import { type RemoteArchivesPush, type RemoteGroup, remoteGroupName } from '@checkpoint-warden/api';
import type { ToldGroups } from './when-to-tell.ts';

/**
 * What has to be said to an agent that holds one message so that it has another. Groups are compared by identity: the book has
 * one object for as long as it says the same.
 */
export function remoteChanges(
  before: Pick<ToldGroups, 'groups' | 'revision'> | undefined,
  now: readonly RemoteGroup[],
): Pick<RemoteArchivesPush, 'groups' | 'changes'> {
  const known = new Set(before?.groups);
  const changed = now.filter((group) => !known.has(group));
  if (before === undefined || changed.length === now.length) return { groups: [...now] };
  const names = new Set(now.map(remoteGroupName));
  const gone = before.groups.filter((group) => !names.has(remoteGroupName(group)));
  return {
    groups: changed,
    changes: { of: before.revision, gone: gone.map(({ group, rule }) => ({ group, rule })) },
  };
}
