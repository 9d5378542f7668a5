import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { CHECKPOINT_DIR } from '../../cluster/nodes/node-files.ts';
import type { TestNode } from '../harness/test-node.ts';

/** Notes when archives go. */
export interface RemovalWatch {
  /** When an archive of that name went, of `performance.now()`; `undefined`: it has not. */
  removedAt(name: string): number | undefined;
  end(): void;
}

/** Begins to watch the checkpoint directory of a node. */
export function watchRemovals(node: TestNode): RemovalWatch {
  const folder = node.path(CHECKPOINT_DIR);
  const removed = new Map<string, number>();
  const watcher = watch(folder, (_, name) => {
    if (name === null || existsSync(join(folder, name))) return;
    if (!removed.has(name)) removed.set(name, performance.now());
  });
  return { removedAt: (name) => removed.get(name), end: () => watcher.close() };
}
