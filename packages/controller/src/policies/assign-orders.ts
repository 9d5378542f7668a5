import type { PolicyOrder } from '../agents/agent-steps.ts';
import type { NodePolicy } from './resolve-policies.ts';

/** What every agent is to enforce. */
export interface Orders {
  /** The last one given. */
  readonly revision: number;
  readonly byNode: ReadonlyMap<string, PolicyOrder>;
}

export const NO_ORDERS: Orders = { revision: 0, byNode: new Map() };

/**
 * Numbers what nodes are to enforce: a node whose policy is new or another gets the next revision, one whose policy is the
 * same keeps its own. So a revision never stands for two contents on one node, also not on one that was away in between.
 */
export function assignOrders(before: Orders, wanted: ReadonlyMap<string, NodePolicy>): Orders {
  const next = before.revision + 1;
  let revision = before.revision;
  const byNode = new Map<string, PolicyOrder>();
  for (const [node, { policy, hash }] of wanted) {
    const last = before.byNode.get(node);
    if (last?.hash === hash) {
      byNode.set(node, last);
      continue;
    }
    revision = next;
    byNode.set(node, { revision: next, hash, policy });
  }
  return { revision, byNode };
}
