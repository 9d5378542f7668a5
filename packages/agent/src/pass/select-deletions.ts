import {
  type DeleteReason,
  type Owner,
  type Plan,
  REASONS,
  type Reason,
  type Verdict,
} from '@checkpoint-warden/policy';
import type { Inventory } from '../inventory/inventory.ts';
import type { RuledArchive } from '../policy/policy-sums.ts';
import type { ExecutedDeletion, PlannedDeletion } from './execute-plan.ts';

/** What a plan asks for: deletions to carry out, and those that Audit mode only reports. */
export interface SelectedDeletions {
  readonly enforced: readonly PlannedDeletion[];
  readonly audited: readonly Verdict[];
}

/** Picks a plan's deletions and binds each to the very file that the inventory knows. */
export function selectDeletions(plan: Plan, inventory: Inventory): SelectedDeletions {
  const enforced: PlannedDeletion[] = [];
  const audited: Verdict[] = [];
  for (const verdict of plan.verdicts) {
    const { reason } = verdict;
    if (verdict.action !== 'delete' || !isDeleteReason(reason)) continue;
    const known = inventory.get(verdict.archive.name);
    if (verdict.mode === 'Audit') audited.push(verdict);
    else if (known !== undefined) enforced.push({ verdict, reason, fileId: known.file.fileId });
  }
  return { enforced, audited };
}

function isDeleteReason(reason: Reason): reason is DeleteReason {
  return REASONS[reason].action === 'delete';
}

/**
 * The archives that rules in Audit mode call for. A pass uses arrivals up (docs/explanation/retention.md, 4), so those are among
 * them whose deletion waits for one: the same archives are named at each look, until they or the rule are others.
 */
export function calledForInAudit(plan: Plan): RuledArchive[] {
  return plan.verdicts.flatMap(({ archive, mode, reason, rule, held }) => {
    if (mode !== 'Audit' || rule === undefined) return [];
    const called = held?.by === 'no-arrival' ? held.reason : reason;
    return isDeleteReason(called) ? [{ rule: rule.id, reason: called, bytes: archive.sizeBytes }] : [];
  });
}

/**
 * Owners of the archives that are still there after a pass that was to delete them. For whatever reason that was, their groups may be
 * over a limit as long as they are there, and stay due (docs/explanation/retention.md, 4).
 *
 * @param planned - the deletions that were to be carried out
 * @param executed - those that were attempted
 */
export function ownersLeftOver(
  planned: readonly PlannedDeletion[],
  executed: readonly ExecutedDeletion[],
): readonly Owner[] {
  const done = new Set<string>();
  for (const { verdict, removal } of executed) {
    if (removal.result === 'deleted' || removal.result === 'already-gone') done.add(verdict.archive.name);
  }
  return planned.flatMap(({ verdict: { archive } }) => (done.has(archive.name) ? [] : (archive.owner ?? [])));
}
