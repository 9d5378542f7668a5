import { toWireTime } from '@checkpoint-warden/api';
import {
  type Clock,
  type Component,
  createWaker,
  type HttpsClient,
  type Logger,
} from '@checkpoint-warden/kit';
import type { EventRecord, KubeApi, Leadership } from '@checkpoint-warden/kube';
import { createAgentApi } from './agents/agent-api.ts';
import { createAgentFleet } from './agents/agent-fleet.ts';
import { createAgentLink } from './agents/agent-link.ts';
import type { AgentPlace } from './agents/agent-place.ts';
import { createOutrank } from './agents/outrank.ts';
import { pollInterval } from './agents/poll-interval.ts';
import { createClusterWatch } from './cluster/cluster-watch.ts';
import { createAgentReporter } from './events/agent-reporter.ts';
import { createPolicyEvents } from './events/policy-events.ts';
import { createGroupBook } from './groups/group-book.ts';
import { createGroupKeeper } from './groups/group-keeper.ts';
import { createLimiter } from './limiter.ts';
import type { ControllerMetrics } from './metrics.ts';
import { createHoldRequest, type HoldRequest } from './owners/hold-request.ts';
import { createOrphanHold } from './owners/orphan-hold.ts';
import { createOwnerBook } from './owners/owner-book.ts';
import { createSeenVersion, isOlder, type SeenVersion } from './owners/seen-version.ts';
import { createStateCheck } from './owners/state-check.ts';
import { createReconciler } from './policies/reconciler.ts';
import { remembered } from './remembered.ts';
import { runTogether } from './run-together.ts';
import { reportFigures } from './status/figures.ts';
import { createStatusWriter, type WantedStatus } from './status/status-writer.ts';
import { wantedStatuses } from './status/wanted-statuses.ts';

/** What a leader works with. */
export interface LeaderPorts {
  readonly api: KubeApi;
  /** Calls agents. */
  readonly call: HttpsClient;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
  /** Must not block nor throw. */
  readonly recordEvent: (event: EventRecord) => void;
  /** Of this process, whoever leads. */
  readonly holdRequest?: HoldRequest;
  /** Of this process as well. */
  readonly seenVersion?: SeenVersion;
}

export interface LeaderOptions {
  /** Where the agents' pods are. */
  readonly namespace: string;
  /** Labels of the agents' pods. */
  readonly agentSelector: string;
  readonly agentPort: number;
  /** Agents that are not to be looked for: no pods of this cluster, say. */
  readonly fixedAgents: readonly AgentPlace[];
  readonly pollIntervalMs: number;
}

/** Calls under way at once: to agents that answer, to those that did not the last time, and to the API server about pods. */
const CONCURRENT = { answering: 64, failing: 16, live: 16 };
/** An agent that takes longer does not keep the others waiting: a thousand dead ones must not delay the living. */
const PATIENCE_MS = 500;
const FIGURES_MS = 15_000;

/**
 * Leads until the leadership ends: follows policies, nodes and pods, and keeps on bringing every agent to what follows from
 * them.
 * ```
 *   gather    cluster watch: policies, nodes, agents' pods, all pods    agent links: state, owners and groups of each
 *   plan      reconciler: resolvePolicies, assignOrders                 agent links: nextStep, planRound
 *             group book: settleEntry, mergeNewest
 *   execute                                                             agent links: PUT policy, live GETs, PUT owners,
 *                                                                                    PUT remote-archives
 *   report    status writer: policyStatus        agent reporter: agentEvents        figures → metrics
 * ```
 * Nothing is kept from one leadership to the next: what counts is in the API server and in the agents.
 *
 * @param leadership - passed as it is: its epoch may be raised meanwhile
 * @param signal - ends it, at the latest when the leadership's own is aborted
 * @throws what a part failed with that is a bug; errors of calls are dealt with where they happen
 */
export async function lead(
  ports: LeaderPorts,
  options: LeaderOptions,
  leadership: Leadership,
  signal: AbortSignal,
): Promise<void> {
  const { api, call, clock, log, metrics } = ports;
  const lanes = {
    answering: createLimiter(CONCURRENT.answering, { clock, ms: PATIENCE_MS }),
    failing: createLimiter(CONCURRENT.failing, { clock, ms: PATIENCE_MS }),
  };
  const waker = createWaker(clock);
  let ownersRevision = 0;
  let remoteRevision = 0;

  const cluster = createClusterWatch(ports, options, {
    onPolicies() {
      reconciler.policiesChanged();
      waker.wake();
    },
    onNodes: waker.wake,
    onPod(podKey, containers) {
      book.podChanged(podKey, containers);
      fleet.wake(podKey);
    },
    onPodsSynced() {
      wasBehind(seenAtStart, cluster.pods.resourceVersion);
      fleet.wake();
    },
    onPodsMissed: () => book.forget(),
    onWentBack(facts, listed) {
      seen.accept(listed);
      hold.hold(facts);
    },
  });
  const seen = ports.seenVersion ?? createSeenVersion();
  const seenAtStart = seen.latest;
  /** Whether the first list is older than what an earlier leadership of this process has seen. */
  const wasBehind = (before: string | undefined, listed: string | undefined): void => {
    if (before === undefined || listed === undefined || !isOlder(listed, before)) return;
    seen.accept(listed);
    hold.hold(`the resourceVersion of pods went back from ${before} to ${listed}`);
  };
  const { holdRequest = createHoldRequest(clock) } = ports;
  const hold = createOrphanHold(leadership, { clock, log, request: holdRequest });
  // Whatever the sign is: a restore may leave resourceVersions as if nothing had happened, and watches go on from there.
  const unsubscribe = holdRequest.onMade(cluster.listAnew);
  const book = createOwnerBook({
    api,
    clock,
    lane: createLimiter(CONCURRENT.live),
    pods: cluster.pods,
    held: hold.why,
    checkState: createStateCheck(leadership),
    onAnswer: metrics.orphanSignal,
  });
  const events = createPolicyEvents((name) => cluster.policies.objects.get(name)?.uid, ports.recordEvent);
  const outrank = createOutrank({
    leadership,
    clock,
    log,
    onRaised({ leaseCreatedMs, leaseTransitions }) {
      hold.hold(`an agent had obeyed leader ${leaseTransitions} of a Lease of ${toWireTime(leaseCreatedMs)}`);
      fleet.wake();
    },
  });
  const fleet = createAgentFleet({
    onReleased: (podKey) => book.release(podKey),
    onLeft: (node) => groups.leave(node),
    createLink: (place, { onOwners }) =>
      createAgentLink(
        place,
        {
          ...ports,
          agent: createAgentApi(call, place.url),
          book,
          lanes,
          epoch: () => leadership.epoch,
          nextOwnersRevision: () => ++ownersRevision,
          groups: groups.join(place.node),
          nextRemoteRevision: () => ++remoteRevision,
          outrank: (epoch) => outrank(place.node, epoch),
          onOwners,
        },
        { pollIntervalMs: () => pollInterval(options.pollIntervalMs, fleet.size) },
      ),
  });
  const groupWaker = createWaker(clock);
  const groups = createGroupBook({ clock, onChange: groupWaker.wake });
  const keeper = createGroupKeeper({ clock, book: groups, waker: groupWaker, onAffected: fleet.wakeNodes });
  const follow: typeof fleet.follow = (places, orders) => {
    fleet.follow(places, orders);
    const policies = [...orders.byNode.values()].map(({ policy }) => policy);
    // Everybody is to say whether there is something to wait for.
    if (groups.follow(policies)) fleet.wake();
  };
  const reconciler = createReconciler({ cluster, fleet: { follow }, events, waker }, options);

  /** Made anew only when something that it is made from has changed. */
  const statuses = remembered(
    () => [
      reconciler.last,
      fleet.revision(),
      cluster.isJudged(),
      cluster.troubles().join(),
      ...cluster.policies.objects.values(),
    ],
    (): readonly WantedStatus[] =>
      reconciler.last === undefined || !cluster.isJudged()
        ? []
        : wantedStatuses({
            reconciled: reconciler.last,
            policies: cluster.policies.objects,
            agents: fleet.views(),
            troubles: cluster.troubles(),
            nowMs: clock.nowMs(),
          }),
  );
  const figures: Component = {
    async run(signal) {
      while (!signal.aborted) {
        reportFigures(
          metrics,
          fleet.views(),
          statuses().map(({ status }) => status),
        );
        metrics.orphansHeld(hold.why() !== undefined);
        metrics.sharedGroups(groups.sharedCount);
        await clock.sleep(FIGURES_MS, signal);
      }
    },
  };
  const reporter = createAgentReporter({ clock, views: fleet.views, report: events.happened });
  const status = createStatusWriter({ api, clock, log, wanted: statuses });
  try {
    await runTogether([cluster, hold, fleet, keeper, reconciler, status, reporter, figures], signal);
  } finally {
    unsubscribe();
    seen.raise(cluster.pods.resourceVersion);
  }
}
