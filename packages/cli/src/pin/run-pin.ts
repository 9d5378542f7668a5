import { archivePathOf } from '../archive-path.ts';
import type { Invocation } from '../command.ts';
import { forEachArgument } from '../for-each-argument.ts';
import { createPin } from './create-pin.ts';
import { readPinReason } from './read-pin-reason.ts';

interface PinSettings {
  readonly checkpointDir: string;
  readonly reason?: string;
}

/** `checkpoint-warden pin` */
export async function runPin({ settings, args, io }: Invocation<PinSettings>): Promise<number> {
  const { checkpointDir, reason = '' } = settings;
  return forEachArgument(args, io, (argument) => {
    const archive = archivePathOf(argument, checkpointDir);
    const result = createPin(archive, reason);
    io.stdout.write(
      `${archive.path}: ${result === 'created' ? 'pinned' : alreadyPinned(archive.path, reason)}\n`,
    );
  });
}

function alreadyPinned(path: string, reason: string): string {
  const stands = readPinReason(path);
  const because = stands ? ` (${stands})` : '';
  const unused = reason === '' || reason === stands ? '' : '; the pin stays as it is, without the new reason';
  return `already pinned${because}${unused}`;
}
