import type { PlanSummary } from '@checkpoint-warden/policy';
import { fileTimeOf } from '../text/format-time.ts';
import type { PlanReport } from './plan-report.ts';
import { verdictDocument } from './verdict-document.ts';

/** A plan for programs; the summary has the form of the agent's `GET /v1/plan`. */
export function planDocument(report: PlanReport): object {
  const { by, otherNodes, warnings = [] } = report;
  const { total, namespaces } = report.summary;
  return {
    ...(by === undefined ? {} : { agent: by }),
    verdicts: report.verdicts.map(verdictDocument),
    summary: {
      plannedAt: fileTimeOf(report.nowMs),
      total: sums(total),
      namespaces: Array.from(namespaces, ([namespace, summary]) => ({ namespace, ...sums(summary) })),
      reasons: report.reasons,
      unreachable: report.unreachable,
      ...(otherNodes === undefined ? {} : { otherNodes }),
      warnings: [...warnings.map(({ path, message }) => `${path}: ${message}`), ...report.notes],
    },
  };
}

/** Named one by one, so that what the planner adds is no silent change of the output. */
function sums({ keep, delete: deleted, audit }: PlanSummary): PlanSummary {
  return { keep, delete: deleted, audit };
}
