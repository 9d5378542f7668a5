import type { Clock, Logger, Registry } from '@checkpoint-warden/kit';
import { type Agent, type AgentPorts, createAgent } from './agent.ts';
import type { ArchiveStore } from './archive/archive-store.ts';
import { type ClockGuard, createClockGuard } from './clock-guard.ts';
import { createGroupReporter, type GroupReporter } from './groups/group-report.ts';
import { createRemoteArchives, type RemoteArchives } from './groups/remote-archives.ts';
import { createRuleHashes } from './groups/rule-hashes.ts';
import { createInventory, type Inventory } from './inventory/inventory.ts';
import { inventoryTotals } from './inventory/inventory-totals.ts';
import type { AgentMemory } from './inventory/remembered.ts';
import { createMetrics } from './metrics.ts';
import { createOwnerFacts, type OwnerFacts } from './owners/owner-facts.ts';
import { settleIntents } from './pass/settle-intents.ts';
import type { AuditLog } from './state/audit-log.ts';
import { countDeletions, type DeletionTotals, type SavedTotals } from './state/count-deletions.ts';
import type { Stored } from './state/stored.ts';

/** What an agent is wired from: the checkpoint directory, what outlives the process, and the process's surroundings. */
export interface WiringPorts extends Pick<AgentPorts, 'onDirectory' | 'onScanProgress'> {
  readonly node: string;
  readonly store: ArchiveStore;
  readonly memory: AgentMemory;
  readonly audit: AuditLog;
  readonly totals: Stored<SavedTotals>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

export interface WiringOptions {
  readonly scanIntervalMs: number;
  readonly quietPeriodMs: number;
}

/** An agent with its parts. */
export interface WiredAgent {
  readonly agent: Agent;
  readonly inventory: Inventory;
  readonly owners: OwnerFacts;
  readonly remoteArchives: RemoteArchives;
  readonly groups: GroupReporter;
  readonly audit: AuditLog;
  readonly deletionTotals: DeletionTotals;
  readonly clockGuard: ClockGuard;
}

/** Puts an agent together on any storage. Nothing runs until the agent does. */
export function wireAgent(
  { node, store, memory, audit: log, totals, clock, onDirectory, ...ports }: WiringPorts,
  { scanIntervalMs, quietPeriodMs }: WiringOptions,
): WiredAgent {
  const { audit, totals: deletionTotals } = countDeletions(log, totals, clock);
  const inventory = createInventory({ node, quietPeriodMs, memory });
  const owners = createOwnerFacts();
  const hashOf = createRuleHashes();
  const remoteArchives = createRemoteArchives(node, hashOf);
  const groups = createGroupReporter({ inventory, clock, hashOf });
  const clockGuard = createClockGuard(clock, memory.lastSeenMs);
  const metrics = createMetrics(ports.registry, () => inventoryTotals(inventory.archives()));

  const settle = (): void => {
    const settled = settleIntents(audit, store);
    if (settled > 0) ports.log.warn({ settled }, 'deletions left open in the audit log were settled');
  };
  const agent = createAgent(
    {
      ...ports,
      store,
      inventory,
      owners,
      remoteArchives,
      hashOf,
      audit,
      clock,
      clockGuard,
      metrics,
      onDirectory(directory) {
        onDirectory?.(directory);
        if (directory !== undefined) settle();
      },
      onScanned() {
        memory.saveClock(clock.nowMs());
        deletionTotals.save();
      },
    },
    { scanIntervalMs },
  );
  return { agent, inventory, owners, remoteArchives, groups, audit, deletionTotals, clockGuard };
}
