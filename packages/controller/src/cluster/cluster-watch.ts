import type { Clock, Component, Logger } from '@checkpoint-warden/kit';
import {
  createReflector,
  type KubeApi,
  NODES,
  PODS,
  type Reflector,
  type ReflectorOptions,
} from '@checkpoint-warden/kube';
import { type AgentPod, slimAgentPod } from '../agents/agent-place.ts';
import type { ControllerMetrics } from '../metrics.ts';
import { createPodSlimmer, type PodContainers } from '../owners/pod-containers.ts';
import { createPolicySlimmer, type KnownPolicy, POLICIES } from '../policies/policy-resource.ts';
import type { Labels } from '../policies/resolve-policies.ts';
import { runTogether } from '../run-together.ts';

export interface ClusterWatchPorts {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
}

export interface ClusterWatchOptions {
  readonly namespace: string;
  readonly agentSelector: string;
}

/** Told of changes. Handlers only take note: they must not throw nor take long. */
export interface ClusterHandlers {
  readonly onPolicies: () => void;
  /** Nodes, or the agents' pods, have changed, or are known for the first time. */
  readonly onNodes: () => void;
  readonly onPod: (podKey: string, containers: PodContainers | undefined) => void;
  /** All pods are known for the first time. */
  readonly onPodsSynced: () => void;
  /** Pods may have come and gone unseen. */
  readonly onPodsMissed: () => void;
  /** What the API server says now is older than what it has said before. */
  readonly onWentBack: (facts: string, listed: string) => void;
}

/** What the controller follows in the cluster, as far as it needs it. */
export interface ClusterWatch extends Component {
  readonly policies: Reflector<KnownPolicy>;
  readonly nodes: Reflector<Labels>;
  readonly agentPods: Reflector<AgentPod | undefined>;
  readonly pods: Reflector<PodContainers>;
  /** Whether it is known which agent is to enforce what. */
  readonly isComplete: () => boolean;
  /** Whether the pods are known, or why they are not: before that, nothing is to be said about owners. */
  readonly isJudged: () => boolean;
  /** What cannot be followed at present, and why. */
  readonly troubles: () => string[];
  /** Lists everything again: the API server has gone back, and what was seen of it may have been undone. */
  readonly listAnew: () => void;
}

export function createClusterWatch(
  { metrics, ...ports }: ClusterWatchPorts,
  { namespace, agentSelector }: ClusterWatchOptions,
  { onPolicies, onNodes, onPod, onPodsSynced, onPodsMissed, onWentBack }: ClusterHandlers,
): ClusterWatch {
  const common = (name: string) => ({
    ...ports,
    onRestart: (reason: Parameters<NonNullable<ReflectorOptions<never, never>['onRestart']>>[0]) =>
      metrics.watchRestarted(name, reason),
    onWentBack: (seen: string, listed: string) =>
      onWentBack(`the resourceVersion of ${name} went back from ${seen} to ${listed}`, listed),
  });
  const policies: Reflector<KnownPolicy> = createReflector({
    ...common('policies'),
    resource: POLICIES,
    listsAnew: true,
    slim: createPolicySlimmer((name) => policies.objects.get(name)),
    // What the controller has written into the status comes back as a change.
    onChange: (_, next, previous) => next?.object !== previous?.object && onPolicies(),
    onSynced: onPolicies,
  });
  const nodes = createReflector({
    ...common('nodes'),
    resource: NODES,
    listsAnew: true,
    slim: ({ metadata }): Labels => metadata.labels ?? {},
    onChange: onNodes,
    onSynced: onNodes,
  });
  const agentPods = createReflector({
    ...common('agent-pods'),
    resource: PODS,
    listsAnew: true,
    selection: { namespace, labelSelector: agentSelector },
    slim: slimAgentPod,
    onChange: onNodes,
    onSynced: onNodes,
  });
  const pods = createReflector({
    ...common('pods'),
    resource: PODS,
    slim: createPodSlimmer(),
    onChange: onPod,
    onSynced: onPodsSynced,
    onListedAnew: onPodsMissed,
  });
  const all: readonly Reflector<unknown>[] = [policies, nodes, agentPods, pods];
  return {
    policies,
    nodes,
    agentPods,
    pods,
    isComplete: () => policies.synced && nodes.synced && agentPods.synced,
    isJudged: () => pods.synced || pods.trouble !== undefined,
    troubles: () => all.flatMap(({ trouble }) => (trouble === undefined ? [] : [trouble.message])),
    listAnew() {
      for (const each of all) each.listAnew();
    },
    run: (signal) => runTogether(all, signal),
  };
}
