import { compareText } from './archive-order.ts';
import type { Plan, Verdict } from './types.ts';

/** Archives and their bytes. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

/** What a plan would leave and take, of one namespace or of all. */
export interface PlanSummary {
  readonly keep: Amount;
  /** Deletions that would be carried out. */
  readonly delete: Amount;
  /** Deletions that Audit mode only reports. */
  readonly audit: Amount;
}

/** The sum of a plan, in all and for each namespace by name; unattributed archives are under the empty name. */
export function summarizePlan(plan: Plan): {
  readonly total: PlanSummary;
  readonly namespaces: ReadonlyMap<string, PlanSummary>;
} {
  const byNamespace = new Map<string, Verdict[]>();
  for (const verdict of plan.verdicts) {
    const namespace = verdict.archive.owner?.namespace ?? '';
    const list = byNamespace.get(namespace);
    if (list === undefined) byNamespace.set(namespace, [verdict]);
    else list.push(verdict);
  }
  const sorted = [...byNamespace].sort(([a], [b]) => compareText(a, b));
  return {
    total: sum(plan.verdicts),
    namespaces: new Map(sorted.map(([namespace, verdicts]) => [namespace, sum(verdicts)])),
  };
}

function sum(verdicts: readonly Verdict[]): PlanSummary {
  const amounts = {
    keep: { count: 0, bytes: 0 },
    delete: { count: 0, bytes: 0 },
    audit: { count: 0, bytes: 0 },
  };
  for (const { action, mode, archive } of verdicts) {
    const amount = amounts[action === 'keep' ? 'keep' : mode === 'Enforce' ? 'delete' : 'audit'];
    amount.count++;
    amount.bytes += archive.sizeBytes;
  }
  return amounts;
}
