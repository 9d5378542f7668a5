import type { OwnersPage } from '@checkpoint-warden/api';

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
    // Joined, they are texts of their own. Made by a template, each would keep a tree of its parts, for thousands of owners.
    const podKey = [namespace, pod].join('/');
    return { namespace, pod, container, podKey, key: [podKey, container].join('/'), archives, bytes };
  });
}
