import { type Plan, type PlanInput, planRetention } from '@checkpoint-warden/policy';
import type { Invocation } from '../command.ts';
import type { PlanSettings } from '../commands/plan.ts';
import { EXIT } from '../exit-codes.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import { reportWarnings } from '../report-warnings.ts';
import { inputFor } from '../scan/input-for.ts';
import { scanDirectory } from '../scan/scan-directory.ts';
import { formatDocument } from '../text/format-document.ts';
import { paintFor } from '../text/paint.ts';
import { planDocument } from './plan-document.ts';
import { reportPlan } from './plan-report.ts';
import { planTable } from './plan-table.ts';

/** `checkpoint-warden plan`: gather, plan, report; nothing is executed. */
export async function runPlan({ settings, io }: Invocation<PlanSettings>): Promise<number> {
  const { policy, warnings } = await loadPolicy(settings.policyFile, io);
  const scan = await scanDirectory(settings.checkpointDir, settings.quietPeriodMs, io);
  const input: PlanInput = inputFor(scan, policy, io.nowMs());
  const plan: Plan = planRetention(input);
  const filter = { namespaces: settings.onlyNamespace, only: settings.only };
  const report = reportPlan(plan, { policy, nowMs: input.nowMs }, filter);

  reportWarnings(warnings, scan, io);
  switch (settings.output) {
    case 'table':
    case 'wide':
      io.stdout.write(planTable(report, paintFor(io.stdout, io.env), settings.output));
      break;
    case 'json':
    case 'yaml':
      io.stdout.write(await formatDocument(planDocument(report, warnings), settings.output));
  }
  return settings.exitCode && report.summary.total.delete.count > 0 ? EXIT.deletions : EXIT.done;
}
