import { AppError } from '@checkpoint-warden/errors';
import { type Component, createWaker } from '@checkpoint-warden/kit';
import {
  type GroupKey,
  namespaceOf,
  type Plan,
  type PlanInput,
  type Policy,
  planRetention,
  type UnreachableLimit,
} from '@checkpoint-warden/policy';
import { archiveNameOfPin, parseArchiveName } from './archive/archive-name.ts';
import type { ClockGuard, ClockTrust } from './clock-guard.ts';
import { createHintQueue } from './hint-queue.ts';
import { type InventoryTotals, inventoryTotals } from './inventory/inventory-totals.ts';
import { createEnforcer, type EnforcerPorts } from './pass/enforcer.ts';
import { type GatherPorts, gatherAll, gatherSome, type ScanProgress } from './pass/gather.ts';
import { NO_POLICY, type PolicyInForce } from './policy/policy-in-force.ts';
import type { PolicySum } from './policy/policy-sums.ts';

/** What an agent works with. Everything that can fail or take time comes in here. */
export interface AgentPorts extends Omit<EnforcerPorts, 'isClockTrusted'> {
  readonly clockGuard: ClockGuard;
  /** Told of the directory after every scan that could list it, and `undefined` when one could not. */
  readonly onDirectory?: (directory: { readonly dev: bigint; readonly ino: bigint } | undefined) => void;
  readonly onScanProgress?: (progress: ScanProgress) => void;
  /** Told after every full scan and the enforcement that follows it. It may throw when the state cannot be saved. */
  readonly onScanned?: () => void;
}

export interface AgentOptions {
  readonly scanIntervalMs: number;
}

/** The last full scan. */
export interface ScanReport {
  /** Unix ms. */
  readonly finishedMs: number;
  readonly durationMs: number;
}

/** What an agent can tell about itself. */
export interface AgentStatus {
  readonly ready: boolean;
  /** Why the checkpoint directory cannot be read; `undefined`: it can, or has not been tried. */
  readonly directoryTrouble: string | undefined;
  /** When the loop last began a pass or got on with a scan, monotonic ms; `undefined`: it has not begun. */
  readonly lastTurnMs: number | undefined;
  readonly policy: PolicyInForce;
  readonly inventoryRevision: number;
  readonly totals: InventoryTotals;
  readonly lastScan: ScanReport | undefined;
  readonly unreachable: readonly UnreachableLimit[];
  readonly clock: ClockTrust;
  /** Archives whose deletion failed and is waiting for another attempt. */
  readonly retrying: number;
  /** The same by policy object and reason. */
  readonly failing: readonly PolicySum[];
  /** What rules in Audit mode call for, as of the last full scan. */
  readonly wouldDelete: readonly PolicySum[];
  readonly due: number;
}

/** The agent of one node. See {@link createAgent}. */
export interface Agent extends Component {
  /** Something has happened to a directory entry, perhaps. Never blocks, may be wrong. */
  hint(entryName: string): void;
  /** Puts a policy in force; the next pass follows at once. */
  enforce(policy: PolicyInForce): void;
  /** The policy in force has just been given again; the metrics tell since when it has not. */
  confirmPolicy(): void;
  /** Hints may have been lost, or something else that a plan depends on has changed: a full scan follows at once. */
  rescan(): void;
  /** Facts about archives on other nodes have changed: what lies in these namespaces is planned again at once, without a scan. */
  reconsider(namespaces: Iterable<string>): void;
  status(): AgentStatus;
  /** What a pass would decide now; with a candidate policy, what that would decide with every group due. */
  plan(candidate?: Policy): Plan;
  planInput(candidate?: Policy): PlanInput;
}

/**
 * Makes the agent that keeps one checkpoint directory within a policy.
 *
 * It loops over passes, one at a time: gather (look at what was hinted at, or at everything), plan (pure), execute (each
 * plan once, and only while policy and inventory are still those it was made from), report. Full scans are the truth: at
 * the start, after every change of policy and every `scanIntervalMs`. Hints only make it faster. A hinted pass plans just
 * the namespaces with an arrival, as no group reaches beyond its namespace; so does one for new facts about other nodes. Limits
 * of the node are left to full scans.
 *
 * Nothing it runs into ends it: a directory that cannot be read makes it not ready until it can, everything else is a row
 * in a report.
 */
export function createAgent(ports: AgentPorts, { scanIntervalMs }: AgentOptions): Agent {
  const { store, inventory, clock, clockGuard, metrics, log } = ports;
  const gatherPorts: GatherPorts = { store, inventory, monotonicMs: clock.monotonicMs };
  const waker = createWaker(clock);
  const hints = createHintQueue();
  const toReconsider = new Set<string>();
  const enforcer = createEnforcer({ ...ports, isClockTrusted: checkClock }, { scanIntervalMs });

  let policy = NO_POLICY;
  let nextScanMs = Number.NEGATIVE_INFINITY;
  let running = false;
  let ready = false;
  let directoryTrouble: NodeJS.ErrnoException | undefined;
  let canSave = true;
  let lastTurnMs: number | undefined;
  let lastScan: ScanReport | undefined;
  let trust: ClockTrust = { trusted: true, why: '' };

  async function pass(): Promise<void> {
    const startedMs = clock.monotonicMs();
    lastTurnMs = startedMs;
    checkClock();
    if (startedMs >= nextScanMs) return scanPass(startedMs);
    if (directoryTrouble !== undefined) return; // what is known may be wrong: nothing goes until a scan succeeds
    if (enforcer.nextAttemptMs() <= startedMs) return scanPass(startedMs);
    const names = hints.take(startedMs);
    const arrivals = gatherSome(gatherPorts, names);
    const endedMs = clock.monotonicMs();
    for (const name of names) {
      if (inventory.get(name)?.archive.state === 'writing') hints.rest(name, { startedMs, endedMs });
      else hints.settle(name);
    }
    const namespaces = new Set([...namespacesOf(arrivals), ...toReconsider]);
    if (namespaces.size === 0) return saveInventory();
    await enforceLimits(namespaces);
    if (arrivals.size > 0) reportLatency(names, startedMs);
  }

  async function scanPass(startedMs: number): Promise<void> {
    const names = new Set(hints.take(startedMs));
    nextScanMs = startedMs + scanIntervalMs;
    let gathered: Awaited<ReturnType<typeof gatherAll>>;
    try {
      gathered = await gatherAll(gatherPorts, (progress) => {
        lastTurnMs = clock.monotonicMs();
        ports.onScanProgress?.(progress);
      });
    } catch (err) {
      ready = false;
      ports.onDirectory?.(undefined);
      const trouble = err as NodeJS.ErrnoException;
      // By its code: the message names the call too, and it is chance which call meets a directory that goes away.
      if (directoryTrouble === undefined || directoryTrouble.code !== trouble.code)
        log.error({ reason: trouble.message }, 'checkpoint directory cannot be read');
      directoryTrouble = trouble;
      nextScanMs = Math.min(nextScanMs, startedMs + DIRECTORY_RETRY_MS);
      return;
    }
    if (directoryTrouble !== undefined) log.info({}, 'checkpoint directory can be read again');
    directoryTrouble = undefined;
    ports.onDirectory?.(gathered.listing.directory);
    const durationMs = clock.monotonicMs() - startedMs;
    lastScan = { finishedMs: clock.nowMs(), durationMs };
    metrics.scanned(durationMs / 1000, lastScan.finishedMs);
    // What has happened to archives that the scan had passed by then.
    const late = hints.take(clock.monotonicMs());
    const arrivals = new Set([...gathered.arrivals, ...gatherSome(gatherPorts, late)]);
    for (const name of late) names.add(name);
    await enforceLimits();
    if (!ready) log.info({ archives: inventory.size, durationMs: Math.round(durationMs) }, 'first scan done');
    ready = true;
    saveScan();
    if (arrivals.size > 0) reportLatency(names, startedMs);
  }

  /** @param namespaces - the namespaces to look at, after a hint; `undefined`: everything, after a full scan */
  async function enforceLimits(namespaces?: ReadonlySet<string>): Promise<void> {
    const inForce = policy;
    toReconsider.clear(); // what comes from here on may be too late for the plan
    const { lookAgain, isStale } = await enforcer.enforce({
      policy: inForce,
      isInForce: () => policy === inForce,
      ...(namespaces === undefined ? {} : { namespaces }),
    });
    for (const name of lookAgain) hints.add(name, clock.monotonicMs());
    saveInventory();
    if (isStale) rescan();
  }

  function checkClock(): boolean {
    const before = trust;
    trust = clockGuard.check();
    if (before.trusted === trust.trusted) return trust.trusted;
    metrics.clock(trust.trusted);
    if (trust.trusted) log.info({}, 'clock is trusted again');
    else log.warn({ why: trust.why }, 'clock is not trusted: nothing goes by age');
    return trust.trusted;
  }

  /** What cannot be saved goes with the next that can. Losing it costs reading anew, and never an archive. */
  function trySaving(save: () => void): boolean {
    try {
      save();
      return true;
    } catch (err) {
      if (canSave) log.error({ err }, 'inventory cannot be saved');
      canSave = false;
      return false;
    }
  }

  function saveInventory(): void {
    trySaving(() => inventory.save());
  }

  function saveScan(): void {
    if (!trySaving(() => ports.onScanned?.()) || canSave) return;
    canSave = true;
    log.info({}, 'inventory can be saved again');
  }

  function reportLatency(names: ReadonlySet<string>, startedMs: number): void {
    const sinceMs = hints.noticedMs(names) ?? startedMs;
    metrics.enforced((clock.monotonicMs() - sinceMs) / 1000);
  }

  function confirmPolicy(): void {
    metrics.policy(policy.source, policy.revision, policy.hash, clock.nowMs());
  }

  /** When there is something to do again: monotonic ms. Without a directory only another scan is of use. */
  function nextPassMs(): number {
    if (directoryTrouble !== undefined) return nextScanMs;
    return Math.min(nextScanMs, hints.nextMs(), enforcer.nextAttemptMs());
  }

  function rescan(): void {
    nextScanMs = Number.NEGATIVE_INFINITY;
    waker.wake();
  }

  return {
    hint(entryName) {
      const name = archiveNameOfPin(entryName) ?? entryName;
      if (parseArchiveName(name) === undefined) return;
      hints.add(name, clock.monotonicMs());
      waker.wake();
    },
    rescan,
    reconsider(namespaces) {
      for (const namespace of namespaces) toReconsider.add(namespace);
      waker.wake();
    },
    enforce(next) {
      policy = next;
      confirmPolicy();
      rescan();
    },
    confirmPolicy,
    status: () => ({
      ready,
      directoryTrouble: directoryTrouble?.message,
      lastTurnMs,
      policy,
      inventoryRevision: inventory.revision,
      totals: inventoryTotals(inventory.archives()),
      lastScan,
      unreachable: enforcer.unreachable,
      clock: trust,
      retrying: enforcer.retrying,
      failing: enforcer.failing,
      wouldDelete: enforcer.wouldDelete,
      due: inventory.due.size,
    }),
    planInput: (candidate) => enforcer.planInput(policy.policy, candidate),
    plan(candidate) {
      return planRetention(this.planInput(candidate));
    },
    async run(signal) {
      if (running) throw new AppError('CW_ERR_INTERNAL', 'an agent runs once: one pass at a time on a node');
      running = true;
      while (!signal.aborted) {
        await pass();
        await waker.wait(nextPassMs() - clock.monotonicMs(), signal);
      }
      saveInventory();
    },
  };
}

/** How soon a directory that could not be read is tried again. */
const DIRECTORY_RETRY_MS = 5_000;

function namespacesOf(groups: Iterable<GroupKey>): Set<string> {
  return new Set(Array.from(groups, namespaceOf));
}
