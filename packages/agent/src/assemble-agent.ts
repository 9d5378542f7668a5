import { join } from 'node:path';
import type { Clock, Component, Logger, Registry } from '@checkpoint-warden/kit';
import { fileArchiveStore } from './archive/file-archive-store.ts';
import { standingWatch } from './archive/standing-watch.ts';
import { isJournalValue, journalMemory } from './inventory/journal-memory.ts';
import type { ScanProgress } from './pass/gather.ts';
import { openAuditLog } from './state/audit-log.ts';
import { totalsFile } from './state/count-deletions.ts';
import type { DamageHandling } from './state/damage.ts';
import { openJournal } from './state/journal.ts';
import { openStateDir } from './state/state-dir.ts';
import { type WiredAgent, type WiringOptions, wireAgent } from './wire-agent.ts';

/** What an agent is made from. */
export interface AssemblyOptions extends WiringOptions {
  readonly node: string;
  readonly checkpointDir: string;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly onScanProgress?: (progress: ScanProgress) => void;
}

/** An agent with its parts, on real files. */
export interface AssembledAgent extends WiredAgent {
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
  const { checkpointDir, node, clock, log, registry, onScanProgress } = options;
  const stateDir = openStateDir(options.stateDir);
  const damage: DamageHandling = { clock, onDamage: (found) => log.error(found, 'damaged state set aside') };
  const journal = openJournal(join(stateDir.path, 'inventory.jsonl'), isJournalValue, damage);
  const watch = standingWatch(
    checkpointDir,
    { onHint: (name) => wired.agent.hint(name), onArmed: () => wired.agent.rescan() },
    log,
  );
  const wired = wireAgent(
    {
      node,
      store: fileArchiveStore(checkpointDir),
      memory: journalMemory(journal),
      audit: openAuditLog(join(stateDir.path, 'audit'), damage),
      totals: totalsFile(stateDir.path, damage),
      clock,
      log,
      registry,
      onDirectory: (directory) => watch.follow(directory),
      ...(onScanProgress === undefined ? {} : { onScanProgress }),
    },
    options,
  );
  const component: Component = {
    async run(signal) {
      await wired.agent.run(signal);
      await watch.close();
      saveTotals();
      journal.close();
      wired.audit.close();
      stateDir.close();
    },
  };

  function saveTotals(): void {
    try {
      wired.deletionTotals.save();
    } catch (err) {
      log.error({ err }, 'sums of deletions cannot be saved; the next start counts them from the audit log');
    }
  }
  return { ...wired, damage, component };
}
