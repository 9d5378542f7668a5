import { nearest, type Problem } from '@checkpoint-warden/errors';
import {
  type Amount,
  compareText,
  orderTimeMs,
  type Plan,
  type PlanSummary,
  REASONS,
  type Reason,
  summarizePlan,
  type UnreachableLimit,
  type Verdict,
} from '@checkpoint-warden/policy';
import type { AgentInForce } from '../running-agent/agent-in-force.ts';

/** What a plan has to tell, before any form is given to it. */
export interface PlanReport {
  /** The verdicts to list, by owner and newest first; what belongs to nobody comes last. */
  readonly verdicts: readonly Verdict[];
  /** Over all archives of the wanted namespaces, listed or not. */
  readonly summary: ReturnType<typeof summarizePlan>;
  readonly reasons: readonly ReasonSum[];
  readonly unreachable: readonly UnreachableLimit[];
  /** What the result does not show or rests on. */
  readonly notes: readonly string[];
  readonly nowMs: number;
  /** What of a policy file is not in force, and why. */
  readonly warnings?: readonly Problem[];
  /** Whose plan it is; absent for a dry run of a policy file. */
  readonly by?: AgentInForce;
  /** Nodes whose archives count in the same groups. */
  readonly otherNodes?: readonly string[];
}

export interface ReasonSum extends Amount {
  readonly reason: Reason;
}

export interface ReportOptions {
  readonly filter: {
    readonly onlyNamespace?: readonly string[];
    readonly only: 'all' | 'delete' | 'keep';
  };
  /** What there is to say about the sums. */
  readonly notesOn: (total: PlanSummary) => readonly string[];
}

export const AUDIT_NOTE = 'Audit mode: an agent only reports what is marked audit, and deletes none of it';

/** Selects, orders and sums a plan. Pure. */
export function reportPlan(
  plan: Plan,
  nowMs: number,
  { filter: { onlyNamespace: namespaces, only }, notesOn }: ReportOptions,
): PlanReport {
  const wanted = plan.verdicts.filter(
    ({ archive }) => namespaces === undefined || namespaces.includes(archive.owner?.namespace ?? ''),
  );
  const verdicts = wanted
    .filter(({ action }) => only === 'all' || action === only)
    .sort((a, b) => compareOwners(a, b) || timeOf(b, nowMs) - timeOf(a, nowMs) || compareNames(a, b));
  const summary = summarizePlan({ ...plan, verdicts: wanted });
  return {
    verdicts,
    summary,
    reasons: sumReasons(wanted),
    unreachable: plan.unreachable,
    notes: [...notesOn(summary.total), ...unknownNamespaces(plan, namespaces ?? [])],
    nowMs,
  };
}

function compareOwners({ archive: { owner: a } }: Verdict, { archive: { owner: b } }: Verdict): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return (
    compareText(a.namespace, b.namespace) ||
    compareText(a.pod, b.pod) ||
    compareText(a.container, b.container)
  );
}

function compareNames(a: Verdict, b: Verdict): number {
  return compareText(a.archive.name, b.archive.name);
}

/** Unix ms; the time in the name where the archive counts as of none. */
function timeOf({ archive }: Verdict, nowMs: number): number {
  return orderTimeMs(archive, nowMs) ?? archive.createdAtMs;
}

/** In the order in which reasons are decided. */
function sumReasons(verdicts: readonly Verdict[]): ReasonSum[] {
  const sums = new Map<Reason, { count: number; bytes: number }>();
  for (const { reason, archive } of verdicts) {
    const sum = sums.get(reason) ?? { count: 0, bytes: 0 };
    sum.count += 1;
    sum.bytes += archive.sizeBytes;
    sums.set(reason, sum);
  }
  return (Object.keys(REASONS) as Reason[]).flatMap((reason) => {
    const sum = sums.get(reason);
    return sum === undefined ? [] : [{ reason, ...sum }];
  });
}

/** A misspelt namespace must not look like one in which nothing goes. */
function unknownNamespaces({ verdicts }: Plan, namespaces: readonly string[]): string[] {
  const known = new Set(verdicts.flatMap(({ archive }) => archive.owner?.namespace ?? []));
  return namespaces
    .filter((namespace) => !known.has(namespace))
    .map((namespace) => {
      const near = nearest(namespace, known);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return `no archive is from namespace ${namespace}${hint}`;
    });
}
