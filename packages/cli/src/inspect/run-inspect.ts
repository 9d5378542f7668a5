import { archivePathOf } from '../archive-path.ts';
import type { Invocation } from '../command.ts';
import { forEachArgument } from '../for-each-argument.ts';
import { formatDocument } from '../text/format-document.ts';
import { paintFor } from '../text/paint.ts';
import { type InspectedArchive, inspectArchive } from './inspect-archive.ts';
import { inspectionDocument } from './inspection-document.ts';
import { inspectionText } from './inspection-text.ts';

interface InspectSettings {
  readonly checkpointDir: string;
  readonly output: 'text' | 'json';
}

/** `checkpoint-warden inspect` */
export async function runInspect({ settings, args, io }: Invocation<InspectSettings>): Promise<number> {
  const inspected: InspectedArchive[] = [];
  const exitCode = await forEachArgument(args, io, (argument) => {
    inspected.push(inspectArchive(archivePathOf(argument, settings.checkpointDir)));
  });
  if (settings.output === 'json') {
    io.stdout.write(await formatDocument({ archives: inspected.map(inspectionDocument) }, 'json'));
  } else {
    const paint = paintFor(io.stdout, io.env);
    const nowMs = io.nowMs();
    io.stdout.write(inspected.map((archive) => inspectionText(archive, nowMs, paint)).join('\n'));
  }
  return exitCode;
}
