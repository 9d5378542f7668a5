import { join } from 'node:path';
import type { Clock, Component, Logger, Registry } from '@checkpoint-warden/kit';
import { type Agent, createAgent } from './agent.ts';
import { fileArchiveStore } from './archive/file-archive-store.ts';
import { standingWatch } from './archive/standing-watch.ts';
import { type ClockGuard, createClockGuard } from './clock-guard.ts';
import { createInventory, type Inventory } from './inventory/inventory.ts';
import { inventoryTotals } from './inventory/inventory-totals.ts';
import { isJournalValue, journalMemory } from './inventory/journal-memory.ts';
import { createMetrics } from './metrics.ts';
import { createOwnerFacts, type OwnerFacts } from './owners/owner-facts.ts';
import type { ScanProgress } from './pass/gather.ts';
import { settleIntents } from './pass/settle-intents.ts';
import { type AuditLog, openAuditLog } from './state/audit-log.ts';
import type { DamageHandling } from './state/damage.ts';
import { openJournal } from './state/journal.ts';
import { openStateDir } from './state/state-dir.ts';

/** What an agent is made from. */
export interface AssemblyOptions {
  readonly node: string;
  readonly checkpointDir: string;
  readonly stateDir: string;
  readonly scanIntervalMs: number;
  readonly quietPeriodMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly onScanProgress?: (progress: ScanProgress) => void;
}

/** An agent with its parts, on real files. */
export interface AssembledAgent {
  readonly agent: Agent;
  readonly inventory: Inventory;
  readonly owners: OwnerFacts;
  readonly audit: AuditLog;
  readonly clockGuard: ClockGuard;
  /** For other files in the state directory. */
  readonly damage: DamageHandling;
  /** The agent with its watch; closes its files when it has drained. */
  readonly component: Component;
}

/**
 * Opens the state directory and puts an agent together on real files. Nothing runs until its component does.
 *
 * @throws AppError when the state directory cannot be used or another agent has it
 */
export function assembleAgent(options: AssemblyOptions): AssembledAgent {
  const { node, clock, log } = options;
  const stateDir = openStateDir(options.stateDir);
  const damage: DamageHandling = { clock, onDamage: (found) => log.error(found, 'damaged state set aside') };
  const audit = openAuditLog(join(stateDir.path, 'audit'), damage);
  const journal = openJournal(join(stateDir.path, 'inventory.jsonl'), isJournalValue, damage);
  const memory = journalMemory(journal);

  const store = fileArchiveStore(options.checkpointDir);
  const settle = (): void => {
    const settled = settleIntents(audit, store);
    if (settled > 0) log.warn({ settled }, 'deletions left open in the audit log were settled');
  };
  const inventory = createInventory({ node, quietPeriodMs: options.quietPeriodMs, memory });
  const owners = createOwnerFacts();
  const clockGuard = createClockGuard(clock, memory.lastSeenMs);
  const metrics = createMetrics(options.registry, () => inventoryTotals(inventory.archives()));
  const watch = standingWatch(
    options.checkpointDir,
    { onHint: (name) => agent.hint(name), onArmed: () => agent.rescan() },
    log,
  );

  const agent = createAgent(
    {
      store,
      inventory,
      owners,
      audit,
      clock,
      clockGuard,
      metrics,
      log,
      onDirectory(directory) {
        watch.follow(directory);
        if (directory !== undefined) settle();
      },
      onScanned: () => memory.saveClock(clock.nowMs()),
      ...(options.onScanProgress === undefined ? {} : { onScanProgress: options.onScanProgress }),
    },
    { scanIntervalMs: options.scanIntervalMs },
  );
  const component: Component = {
    async run(signal) {
      await agent.run(signal);
      await watch.close();
      journal.close();
      audit.close();
      stateDir.close();
    },
  };
  return { agent, inventory, owners, audit, clockGuard, damage, component };
}
