import type { Invocation } from '../command.ts';
import type { ExplainSettings } from '../commands/explain.ts';
import { EXIT } from '../exit-codes.ts';
import { formatDocument } from '../text/format-document.ts';
import { paintFor } from '../text/paint.ts';
import { explainByAgent } from './explain-by-agent.ts';
import { explainFromFiles } from './explain-from-files.ts';
import { explanationDocument } from './explanation-document.ts';
import { explanationText } from './explanation-text.ts';

/** `checkpoint-warden explain`: the plan, seen from one archive. */
export async function runExplain({ settings, args, io }: Invocation<ExplainSettings>): Promise<number> {
  const [argument = ''] = args;
  const { policyFile } = settings;
  const shown =
    policyFile === undefined
      ? await explainByAgent(argument, settings, io)
      : await explainFromFiles(argument, { ...settings, policyFile }, io);
  io.stdout.write(
    settings.output === 'json'
      ? await formatDocument(explanationDocument(shown), 'json')
      : explanationText(shown, paintFor(io.stdout, io.env)),
  );
  return EXIT.done;
}
