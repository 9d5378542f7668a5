import type { Invocation } from '../command.ts';
import type { PlanSettings } from '../commands/plan.ts';
import { EXIT } from '../exit-codes.ts';
import { formatDocument } from '../text/format-document.ts';
import { paintFor } from '../text/paint.ts';
import { planByAgent } from './plan-by-agent.ts';
import { planDocument } from './plan-document.ts';
import { planFromFiles } from './plan-from-files.ts';
import { planTable } from './plan-table.ts';

/** `checkpoint-warden plan`: gather, plan, report; nothing is executed. */
export async function runPlan({ settings, io }: Invocation<PlanSettings>): Promise<number> {
  const { policyFile } = settings;
  const report =
    policyFile === undefined
      ? await planByAgent(settings)
      : await planFromFiles({ ...settings, policyFile }, io);
  switch (settings.output) {
    case 'table':
    case 'wide':
      io.stdout.write(planTable(report, paintFor(io.stdout, io.env), settings.output));
      break;
    case 'json':
    case 'yaml':
      io.stdout.write(await formatDocument(planDocument(report), settings.output));
  }
  return settings.exitCode && report.summary.total.delete.count > 0 ? EXIT.deletions : EXIT.done;
}
