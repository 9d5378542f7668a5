import { explain } from '@checkpoint-warden/policy';
import { archivePathOf } from '../archive-path.ts';
import type { CliIo } from '../cli-io.ts';
import type { ExplainSettings } from '../commands/explain.ts';
import { readPinReason } from '../pin/read-pin-reason.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import { reportWarnings } from '../report-warnings.ts';
import { inputFor } from '../scan/input-for.ts';
import { scanDirectory } from '../scan/scan-directory.ts';
import { unknownArchive } from '../unknown-archive.ts';
import type { ShownExplanation } from './explanation-document.ts';

/** Explains an archive by a policy file and what lies in its directory. */
export async function explainFromFiles(
  argument: string,
  { checkpointDir, policyFile, quietPeriodMs }: ExplainSettings & { readonly policyFile: string },
  io: CliIo,
): Promise<ShownExplanation> {
  const archivePath = archivePathOf(argument, checkpointDir);
  const { directory, name, path } = archivePath;
  const { policy, warnings } = await loadPolicy(policyFile, io);
  const scan = await scanDirectory(directory, quietPeriodMs, io);
  const input = inputFor(scan, policy, io.nowMs());
  const explanation = explain(input, name);
  if (explanation === undefined) throw unknownArchive(archivePath);
  reportWarnings(warnings, scan, io);
  return {
    explanation,
    why: scan.whyOf(name),
    pinReason: readPinReason(path),
    nowMs: input.nowMs,
  };
}
