import {
  type DeleteReason,
  type GroupKey,
  groupKeysOf,
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
 * Groups that stay due after a pass: those whose deletions have not all been done (docs/explanation/retention.md, 4). For whatever reason an archive
 * was to go, its group may be over a limit as long as it is there.
 *
 * @param planned - the deletions that were to be carried out
 * @param executed - those that were attempted
 */
export function groupsStillDue(
  planned: readonly PlannedDeletion[],
  executed: readonly ExecutedDeletion[],
): ReadonlySet<GroupKey> {
  const done = new Set<string>();
  for (const { verdict, removal } of executed) {
    if (removal.result === 'deleted' || removal.result === 'already-gone') done.add(verdict.archive.name);
  }
  const due = new Set<GroupKey>();
  for (const { verdict } of planned) {
    const { owner, name } = verdict.archive;
    if (owner === undefined || done.has(name)) continue;
    for (const group of groupKeysOf(owner)) due.add(group);
  }
  return due;
}
