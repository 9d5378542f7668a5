import type { OwnersPage } from '@checkpoint-warden/api';
import { type Archive, groupKey } from '@checkpoint-warden/policy';

type DistinctOwner = OwnersPage['owners'][number];

/** What archives were taken from, each owner once. */
export function distinctOwners(archives: readonly Archive[]): DistinctOwner[] {
  const owned = archives.flatMap(({ owner, sizeBytes }) =>
    owner === undefined ? [] : [{ ...owner, sizeBytes }],
  );
  const byKey = Map.groupBy(owned, (owner) => groupKey('container', owner));
  return [...byKey.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const podUids = new Set(same.flatMap(({ podUid }) => (podUid === undefined ? [] : [podUid])));
    const { namespace, pod, container } = first;
    return [
      {
        namespace,
        pod,
        container,
        podUids: [...podUids].sort(),
        archives: same.length,
        bytes: same.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      },
    ];
  });
}
