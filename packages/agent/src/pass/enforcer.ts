import type { Clock, Logger } from '@checkpoint-warden/kit';
import {
  type GroupKey,
  groupKey,
  namespaceOf,
  type Owner,
  type OwnerState,
  type Plan,
  type PlanInput,
  type Policy,
  planRetention,
  type UnreachableLimit,
} from '@checkpoint-warden/policy';
import type { ArchiveStore } from '../archive/archive-store.ts';
import { limitedGroups } from '../groups/limited-groups.ts';
import { NO_REMOTE_FACTS, type RemoteArchives } from '../groups/remote-archives.ts';
import type { RuleHashes } from '../groups/rule-hashes.ts';
import { rulesInForce } from '../groups/rules-in-force.ts';
import { rulesOfArrivals } from '../groups/rules-of-arrivals.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { AgentMetrics } from '../metrics.ts';
import type { OwnerFacts } from '../owners/owner-facts.ts';
import type { PolicyInForce } from '../policy/policy-in-force.ts';
import { type PolicySum, type RuledArchive, sumByPolicy } from '../policy/policy-sums.ts';
import type { AuditIntent } from '../state/audit-entry.ts';
import type { AuditLog } from '../state/audit-log.ts';
import { archivesBehind } from './archives-behind.ts';
import { type ExecutionReport, executePlan, type PlannedDeletion } from './execute-plan.ts';
import { gatherSome } from './gather.ts';
import { createPassReporter } from './report-pass.ts';
import { createRetryBackoff } from './retry-backoff.ts';
import { calledForInAudit, ownersLeftOver, selectDeletions } from './select-deletions.ts';
import { createUnreachableLimits, unreachableHere } from './unreachable-limits.ts';

/** What enforcing needs. */
export interface EnforcerPorts {
  readonly store: ArchiveStore;
  readonly inventory: Inventory;
  readonly owners: OwnerFacts;
  readonly remoteArchives: Pick<RemoteArchives, 'revision' | 'isFresh' | 'under'>;
  readonly hashOf: RuleHashes;
  readonly audit: Pick<AuditLog, 'append' | 'appendOutcomes'>;
  readonly clock: Clock;
  readonly metrics: AgentMetrics;
  readonly log: Logger;
  /** Looks at the clock: whether what depends on now may be acted on. */
  readonly isClockTrusted: () => boolean;
}

/** What one enforcement is about. */
export interface Enforcement {
  readonly policy: PolicyInForce;
  /** Whether that policy still is in force; asked in between. */
  readonly isInForce: () => boolean;
  /** The namespaces to look at, after a hint; leave out for everything, after a full scan. */
  readonly namespaces?: ReadonlySet<string>;
}

/** What came of it for the loop. */
export interface Enforced {
  /** Archives that were not as planned, and are to be looked at again. */
  readonly lookAgain: readonly string[];
  /** Whether the plan became old, so that another one is needed. */
  readonly isStale: boolean;
}

/** Plans, executes and reports. See {@link createEnforcer}. */
export interface Enforcer {
  enforce(enforcement: Enforcement): Promise<Enforced>;
  /**
   * What the planner would be given now.
   *
   * @param policy - in force
   * @param candidate - for a dry run of another one, with all groups due. The archives of other nodes are those that count under
   * the policy in force: as many as its limits look at.
   */
  planInput(policy: Policy, candidate?: Policy): PlanInput;
  /** When a deletion that failed is to be tried again, monotonic ms; Infinity when there is none. */
  nextAttemptMs(): number;
  readonly retrying: number;
  /** Archives whose deletion failed and is waiting for another attempt. */
  readonly failing: readonly PolicySum[];
  /** What rules in Audit mode call for, as of the last look at everything. */
  readonly wouldDelete: readonly PolicySum[];
  readonly unreachable: readonly UnreachableLimit[];
}

/**
 * Makes the second half of a pass: plan (pure), execute (each plan once, and only while policy, inventory and facts are
 * still those it was made from), report. What failed is remembered for another attempt.
 *
 * @param scanIntervalMs - the node's own limits evict at most once in this time, as freed space may show late
 */
export function createEnforcer(
  ports: EnforcerPorts,
  { scanIntervalMs }: { readonly scanIntervalMs: number },
): Enforcer {
  const { store, inventory, owners, remoteArchives, audit, clock, metrics, log } = ports;
  const retries = createRetryBackoff();
  const unreachable = createUnreachableLimits();
  const reporter = createPassReporter(log, metrics);
  let wouldDelete: readonly PolicySum[] = [];
  let evictedUnder: { readonly policy: PolicyInForce; readonly untilMs: number } | undefined;

  /**
   * Plans, and looks again at the archives that the plan's deletions rely on, until they are found as the plan takes them to
   * be. Hints can be lost, and a scan takes its time.
   */
  function planConfirmed({ policy, namespaces }: Enforcement): Plan {
    const withNode = namespaces === undefined && !isEvictionRecent(policy);
    for (;;) {
      const disk = withNode ? diskOrNothing() : undefined;
      const plan = planRetention({ ...inputOf(policy.policy, namespaces), disk });
      const { revision } = inventory;
      gatherSome({ store, inventory, monotonicMs: clock.monotonicMs }, archivesBehind(plan));
      if (inventory.revision === revision) return plan;
    }
  }

  function isEvictionRecent(policy: PolicyInForce): boolean {
    return evictedUnder?.policy === policy && clock.monotonicMs() < evictedUnder.untilMs;
  }

  function inputOf(policy: Policy, namespaces?: ReadonlySet<string>): PlanInput {
    const monotonicMs = clock.monotonicMs();
    // In this order: a step before the reading shows in the look at the clock, one after it is not in the reading.
    const nowMs = clock.nowMs();
    const clockTrusted = ports.isClockTrusted();
    // A clock that has stepped may mean that the machine slept: then no fact is as fresh as it looks.
    const isRemoteKnown = clockTrusted && remoteArchives.isFresh(monotonicMs);
    const remote = isRemoteKnown ? remoteArchives.under(policy) : NO_REMOTE_FACTS;
    return {
      archives: inventory.archives(namespaces),
      policy,
      nowMs,
      ownerState: clockTrusted ? ownerStates(monotonicMs) : () => ({ state: 'unknown' }),
      remote: remote.archives(namespaces),
      due: remote.due.size === 0 ? inventory.due : new Set([...inventory.due, ...remote.due]),
      clockTrusted,
    };
  }

  /** Which facts are known, and whether they count: another text when either has changed. */
  function factsNow(): string {
    const monotonicMs = clock.monotonicMs();
    const each = [owners, remoteArchives].flatMap((facts) => [facts.revision, facts.isFresh(monotonicMs)]);
    return each.join(' ');
  }

  /** What is known of owners. One of whom an archive has come since that was asked is not gone for certain: it was alive. */
  function ownerStates(monotonicMs: number): (owner: Owner) => OwnerState {
    let alive: ReadonlySet<GroupKey> | undefined;
    return (owner) => {
      const known = owners.stateOf(owner, monotonicMs);
      if (known.state !== 'absent') return known;
      alive ??= inventory.containersSeenSince(owners.asOfMs);
      return alive.has(groupKey('container', owner)) ? { state: 'unknown' } : known;
    };
  }

  /** Without knowing the disk the node's limits on it are left alone. */
  function diskOrNothing(): PlanInput['disk'] {
    try {
      const disk = store.disk();
      metrics.disk(disk.sizeBytes, disk.availBytes);
      return disk;
    } catch (err) {
      log.warn({ err }, 'filesystem cannot be asked for its free space');
      return undefined;
    }
  }

  /** Takes note of what is gone, and of what is to be tried again. */
  function settle({ executed, skipped, auditErrors }: ExecutionReport, nowMs: number): string[] {
    const lookAgain: string[] = [];
    for (const deletion of executed) {
      const { removal } = deletion;
      const { name } = deletion.verdict.archive;
      if (removal.result === 'failed') {
        retries.failed(name, ruledArchive(deletion), nowMs);
        continue;
      }
      retries.clear(name);
      if (removal.result !== 'pinned') inventory.forget(name); // gone, or not what was known under this name
      if (removal.result === 'changed' || removal.result === 'pinned') lookAgain.push(name);
    }
    if (auditErrors.length > 0)
      for (const deletion of skipped)
        retries.failed(deletion.verdict.archive.name, ruledArchive(deletion), nowMs);
    return lookAgain;
  }

  return {
    async enforce(enforcement) {
      const { policy, isInForce, namespaces } = enforcement;
      // Before the plan: a full scan follows each change of policy, so no plan counts what is due under a rule that is gone.
      if (namespaces === undefined && policy.source !== 'none')
        inventory.forgetRules(rulesInForce(policy.policy, ports.hashOf));
      const wasClockTrusted = ports.isClockTrusted();
      const planned = factsNow(); // before the plan: what is no longer fresh by then is no longer so in either
      const plan = planConfirmed(enforcement);
      const plannedRevision = inventory.revision;
      const isCurrent = () =>
        isInForce() &&
        inventory.revision === plannedRevision &&
        factsNow() === planned &&
        ports.isClockTrusted() === wasClockTrusted;

      const { enforced, audited } = selectDeletions(plan, inventory);
      const nowMs = clock.monotonicMs();
      const attempted = enforced.filter(({ verdict }) => retries.mayTry(verdict.archive.name, nowMs));
      const report = await executePlan(attempted, auditedPolicy(policy), { store, audit, isCurrent });

      const lookAgain = settle(report, nowMs);
      const stillPlanned = new Set(enforced.map(({ verdict }) => verdict.archive.name));
      if (namespaces === undefined) retries.retain((name) => stillPlanned.has(name));
      const hasEvicted = report.executed.some(({ verdict }) => verdict.rule === policy.policy.node);
      if (hasEvicted) evictedUnder = { policy, untilMs: nowMs + scanIntervalMs };
      const inScope = (group: GroupKey) => namespaces === undefined || namespaces.has(namespaceOf(group));
      if (isInForce()) {
        // Only what has arrived here: what is due for an arrival elsewhere is so for as long as its node says it.
        const arrived = new Set([...inventory.arrived].filter(inScope));
        inventory.noteArrivals(
          rulesOfArrivals(inventory.archives(namespaces), arrived, policy.policy, ports.hashOf),
        );
        const open = [...ownersLeftOver(enforced, report.executed), ...inventory.inDoubt()];
        inventory.settle(
          [...inventory.due].filter(inScope),
          limitedGroups(open, policy.policy, ports.hashOf),
        );
      }

      reporter.execution(report);
      reporter.audited(audited);
      if (namespaces === undefined) wouldDelete = sumByPolicy(calledForInAudit(plan));
      reporter.retain((name) => inventory.get(name) !== undefined);
      const wasJudged = ({ group }: UnreachableLimit) =>
        group === undefined ? namespaces === undefined : inScope(group);
      reporter.unreachable(unreachable.update(unreachableHere(plan), wasJudged));
      metrics.unreachable(unreachable.counts());
      metrics.failing(retries.size);
      return { lookAgain, isStale: report.skipped.length > 0 && report.auditErrors.length === 0 };
    },
    planInput: (policy, candidate) => ({
      ...inputOf(policy),
      disk: diskOrNothing(),
      ...(candidate === undefined ? {} : { policy: candidate, due: 'all' }),
    }),
    nextAttemptMs: () => retries.nextAttemptMs(),
    get retrying() {
      return retries.size;
    },
    get failing() {
      return sumByPolicy(retries.waiting());
    },
    get wouldDelete() {
      return wouldDelete;
    },
    get unreachable() {
      return unreachable.current;
    },
  };
}

function ruledArchive({ verdict, reason }: PlannedDeletion): RuledArchive {
  return { rule: verdict.rule?.id ?? '', reason, bytes: verdict.archive.sizeBytes };
}

/** The policy as the audit log names it. */
function auditedPolicy({ source, revision, hash, epoch }: PolicyInForce): AuditIntent['policy'] {
  const ofEpoch = epoch === undefined ? {} : { epoch: `${epoch.leaseCreatedMs}.${epoch.leaseTransitions}` };
  return { source, revision, hash, ...ofEpoch };
}
