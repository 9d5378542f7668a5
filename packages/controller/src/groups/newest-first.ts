import type { GroupArchive } from '@checkpoint-warden/api';
import { compareText } from '@checkpoint-warden/policy';

/** Archives of one group on one node. */
export interface NodeArchives {
  readonly node: string;
  /** Newest first. */
  readonly archives: readonly GroupArchive[];
}

/** One archive, and the list that it is from. */
export interface Listed<L extends NodeArchives> {
  readonly list: L;
  readonly archive: GroupArchive;
}

/**
 * Goes through all archives of several nodes, newest first, by as little work as whoever asks needs: a group may lie on
 * thousands of nodes, and its limits look at ten archives.
 */
export function* newestFirst<L extends NodeArchives>(lists: readonly L[]): Generator<Listed<L>> {
  const heap: Cursor<L>[] = [];
  for (const list of lists) {
    const [archive] = list.archives;
    if (archive !== undefined) heap.push({ list, archive, at: 0 });
  }
  for (let at = (heap.length >> 1) - 1; at >= 0; at--) siftDown(heap, at);
  for (let [first] = heap; first !== undefined; [first] = heap) {
    yield { list: first.list, archive: first.archive };
    first.at += 1;
    const next = first.list.archives[first.at];
    if (next !== undefined) first.archive = next;
    else {
      const last = heap.pop();
      if (last === undefined || last === first) continue;
      heap[0] = last;
    }
    siftDown(heap, 0);
  }
}

/** The order that the planner has: see `compareNewestFirst` of the policy. Total over a cluster. */
export function compareListed(a: Listed<NodeArchives>, b: Listed<NodeArchives>): number {
  return (
    b.archive.countsAsMs - a.archive.countsAsMs ||
    b.archive.mtimeMs - a.archive.mtimeMs ||
    compareText(b.list.node, a.list.node) ||
    compareText(b.archive.name, a.archive.name)
  );
}

interface Cursor<L extends NodeArchives> {
  readonly list: L;
  archive: GroupArchive;
  at: number;
}

/** Restores a heap, the newest at its top, of which only the element at `at` is out of place. */
function siftDown(heap: Cursor<NodeArchives>[], at: number): void {
  const moved = heap[at];
  if (moved === undefined) return;
  for (let hole = at; ; ) {
    const [left, right] = [heap[2 * hole + 1], heap[2 * hole + 2]];
    const isRight = left !== undefined && right !== undefined && compareListed(right, left) < 0;
    const child = isRight ? right : left;
    if (child === undefined || compareListed(moved, child) <= 0) {
      heap[hole] = moved;
      return;
    }
    heap[hole] = child;
    hole = 2 * hole + (isRight ? 2 : 1);
  }
}
