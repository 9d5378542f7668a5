import { type PlanSummary, type Policy, planRetention } from '@checkpoint-warden/policy';
import type { CliIo } from '../cli-io.ts';
import type { PlanSettings } from '../commands/plan.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import { reportWarnings } from '../report-warnings.ts';
import { inputFor } from '../scan/input-for.ts';
import { scanDirectory } from '../scan/scan-directory.ts';
import { AUDIT_NOTE, type PlanReport, reportPlan } from './plan-report.ts';

/** Tries a policy file on what lies in a directory. */
export async function planFromFiles(
  { checkpointDir, policyFile, quietPeriodMs, ...filter }: PlanSettings & { readonly policyFile: string },
  io: CliIo,
): Promise<PlanReport> {
  const { policy, warnings } = await loadPolicy(policyFile, io);
  const scan = await scanDirectory(checkpointDir, quietPeriodMs, io);
  const input = inputFor(scan, policy, io.nowMs());
  const report = reportPlan(planRetention(input), input.nowMs, {
    filter,
    notesOn: (total) => notesOn(policy, total),
  });
  reportWarnings(warnings, scan, io);
  return { ...report, warnings };
}

function notesOn({ rules, node }: Policy, { audit }: PlanSummary): string[] {
  const notes: string[] = [];
  if (rules.length === 0 && node === undefined)
    notes.push('no policy object applies here: nothing is deleted');
  if (audit.count > 0) notes.push(AUDIT_NOTE);
  if (rules.some(({ retainOrphan }) => !retainOrphan)) {
    notes.push('whether pods still exist is not known here: archives that go as orphans are shown as kept');
  }
  return notes;
}
