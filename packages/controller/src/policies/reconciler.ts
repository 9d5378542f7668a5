import type { Component, Waker } from '@checkpoint-warden/kit';
import type { AgentFleet } from '../agents/agent-fleet.ts';
import { type AgentPlace, placeAgents } from '../agents/agent-place.ts';
import type { ClusterWatch } from '../cluster/cluster-watch.ts';
import type { PolicyEvents } from '../events/policy-events.ts';
import { assignOrders, NO_ORDERS, type Orders } from './assign-orders.ts';
import {
  type NodePolicy,
  type ObjectReport,
  type ResolvedPolicies,
  resolvePolicies,
} from './resolve-policies.ts';

export interface ReconcilerPorts {
  readonly cluster: Pick<ClusterWatch, 'policies' | 'nodes' | 'agentPods' | 'isComplete'>;
  readonly fleet: Pick<AgentFleet, 'follow'>;
  readonly events: Pick<PolicyEvents, 'reports'>;
  /** Woken when something has changed. */
  readonly waker: Waker;
}

export interface ReconcilerOptions {
  readonly agentPort: number;
  readonly fixedAgents: readonly AgentPlace[];
}

/** What came out of it the last time. */
export interface Reconciled {
  readonly reports: readonly ObjectReport[];
  /** Whether an object applies on a node that has an agent, or should have. */
  readonly applies: (policy: string, node: string) => boolean;
  /** Nodes whose agent does not run, and why. */
  readonly idle: ReadonlyMap<string, string>;
  /** Nodes whose labels matter and are not known: their agents go on with the policy that they have. */
  readonly unresolved: ReadonlySet<string>;
}

/**
 * Turns policies, nodes and agents' pods into what every agent is to enforce, whenever one of them has changed.
 *
 * That no Node object is known does not say that the node has no labels: it may have been deleted while the kubelet lives on,
 * or the watch be behind. Where an object has a `nodeSelector`, the policy of a node without labels could delete there what
 * that object keeps. So the order stays as it was, or none is given, until the Node is known.
 */
export interface Reconciler extends Component {
  /** Tells that policies have changed; before the waker is woken. */
  policiesChanged(): void;
  /** `undefined`: not all that it takes is known yet. Until then no agent is told anything. */
  readonly last: Reconciled | undefined;
}

const FOR_EVER_MS = 3_600_000;

export function createReconciler(
  { cluster, fleet, events, waker }: ReconcilerPorts,
  { agentPort, fixedAgents }: ReconcilerOptions,
): Reconciler {
  let resolved: ResolvedPolicies | undefined;
  let wanted: ReadonlyMap<string, NodePolicy> = new Map();
  let orders: Orders = NO_ORDERS;
  /** They may be no nodes of this cluster, as long as none has been seen. */
  const foreign = new Set(fixedAgents.map(({ node }) => node));
  let last: Reconciled | undefined;

  const reconcile = (): void => {
    if (!cluster.isComplete()) return;
    resolved ??= resolvePolicies([...cluster.policies.objects.values()].map(({ object }) => object));
    const { forNode, hasSelectors } = resolved;
    const { places, idle } = placeAgents(cluster.agentPods.objects.values(), agentPort, fixedAgents);
    const labelsOf = (node: string) => cluster.nodes.objects.get(node);
    for (const node of foreign) if (labelsOf(node) !== undefined) foreign.delete(node);
    const isResolved = (node: string) => !hasSelectors || labelsOf(node) !== undefined || foreign.has(node);
    const unresolved = new Set([...places.keys()].filter((node) => !isResolved(node)));
    const before = wanted;
    const now = new Map<string, NodePolicy>();
    for (const node of places.keys()) {
      const policy = unresolved.has(node) ? before.get(node) : forNode(labelsOf(node));
      if (policy !== undefined) now.set(node, policy);
    }
    wanted = now;
    orders = assignOrders(orders, now);
    fleet.follow(places, orders);
    const inForce = [...now].flatMap(([node, policy]) => (unresolved.has(node) ? [] : [policy]));
    // Without any agent, what would be in force on one that nobody has labelled.
    const unlabelled = forNode(undefined);
    const reports = resolved.reports(inForce.length > 0 ? inForce : [unlabelled]);
    events.reports(reports);
    const applies = (policy: string, node: string) => {
      if (idle.has(node)) return forNode(labelsOf(node)).objects.has(policy);
      if (now.get(node)?.objects.has(policy)) return true;
      return unresolved.has(node) && unlabelled.objects.has(policy);
    };
    last = { reports, applies, idle, unresolved };
  };

  return {
    policiesChanged() {
      resolved = undefined;
    },
    get last() {
      return last;
    },
    async run(signal) {
      while (!signal.aborted) {
        reconcile();
        await waker.wait(FOR_EVER_MS, signal);
      }
    },
  };
}
