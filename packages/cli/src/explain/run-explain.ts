import { explain } from '@checkpoint-warden/policy';
import { archivePathOf } from '../archive-path.ts';
import type { Invocation } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { readPinReason } from '../pin/read-pin-reason.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import { reportWarnings } from '../report-warnings.ts';
import { inputFor } from '../scan/input-for.ts';
import { scanDirectory } from '../scan/scan-directory.ts';
import { formatDocument } from '../text/format-document.ts';
import { paintFor } from '../text/paint.ts';
import { unknownArchive } from '../unknown-archive.ts';
import { explanationDocument } from './explanation-document.ts';
import { explanationText } from './explanation-text.ts';

interface ExplainSettings {
  readonly checkpointDir: string;
  readonly policyFile: string;
  readonly quietPeriodMs: number;
  readonly output: 'text' | 'json';
}

/** `checkpoint-warden explain`: the plan, seen from one archive. */
export async function runExplain({ settings, args, io }: Invocation<ExplainSettings>): Promise<number> {
  const archivePath = archivePathOf(args[0] ?? '', settings.checkpointDir);
  const { directory, name, path } = archivePath;
  const { policy, warnings } = await loadPolicy(settings.policyFile, io);
  const scan = await scanDirectory(directory, settings.quietPeriodMs, io);
  const input = inputFor(scan, policy, io.nowMs());
  const explanation = explain(input, name);
  if (explanation === undefined) throw unknownArchive(archivePath);
  reportWarnings(warnings, scan, io);
  const shown = {
    explanation,
    why: scan.whyOf(name),
    pinReason: readPinReason(path),
    nowMs: input.nowMs,
  };
  io.stdout.write(
    settings.output === 'json'
      ? await formatDocument(explanationDocument(shown), 'json')
      : explanationText(shown, paintFor(io.stdout, io.env)),
  );
  return EXIT.done;
}
