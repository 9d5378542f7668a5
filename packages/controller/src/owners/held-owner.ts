import type { OwnersPage } from '@checkpoint-warden/api';
import { groupKey } from '@checkpoint-warden/policy';

/** One owner of archives on one node. */
export interface HeldOwner {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** `namespace/pod` */
  readonly podKey: string;
  /** `namespace/pod/container` */
  readonly key: string;
  /** How many archives it has there. */
  readonly archives: number;
  /** Their size together. */
  readonly bytes: number;
}

export function heldOwners(owners: OwnersPage['owners']): HeldOwner[] {
  return owners.map(({ namespace, pod, container, archives, bytes }) => {
    const owner = { namespace, pod, container };
    return { ...owner, podKey: groupKey('pod', owner), key: groupKey('container', owner), archives, bytes };
  });
}
