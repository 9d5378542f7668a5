import type { Component, Waker } from '@checkpoint-warden/kit';
import type { AgentFleet } from '../agents/agent-fleet.ts';
import { type AgentPlace, placeAgents } from '../agents/agent-place.ts';
import type { ClusterWatch } from '../cluster/cluster-watch.ts';
import type { PolicyEvents } from '../events/policy-events.ts';
import { assignOrders, NO_ORDERS, type Orders } from './assign-orders.ts';
import { type ObjectReport, type ResolvedPolicies, resolvePolicies } from './resolve-policies.ts';

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
}

/** Turns policies, nodes and agents' pods into what every agent is to enforce, whenever one of them has changed. */
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
  let orders: Orders = NO_ORDERS;
  let last: Reconciled | undefined;

  const reconcile = (): void => {
    if (!cluster.isComplete()) return;
    resolved ??= resolvePolicies([...cluster.policies.objects.values()].map(({ object }) => object));
    const { forNode } = resolved;
    const { places, idle } = placeAgents(cluster.agentPods.objects.values(), agentPort, fixedAgents);
    const labelsOf = (node: string) => cluster.nodes.objects.get(node);
    const wantedOn = (nodes: Iterable<string>) =>
      new Map(Array.from(nodes, (node) => [node, forNode(labelsOf(node))]));
    const wanted = wantedOn(places.keys());
    const wantedIdle = wantedOn(idle.keys());
    orders = assignOrders(orders, wanted);
    fleet.follow(places, orders);
    // Without any agent, what would be in force on one that nobody has labelled.
    const reports = resolved.reports(wanted.size > 0 ? wanted.values() : [forNode(undefined)]);
    events.reports(reports);
    const applies = (policy: string, node: string) =>
      (wanted.get(node) ?? wantedIdle.get(node))?.objects.has(policy) ?? false;
    last = { reports, applies, idle };
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
