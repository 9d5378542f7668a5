import { archivePathOf } from '../archive-path.ts';
import type { Invocation } from '../command.ts';
import { forEachArgument } from '../for-each-argument.ts';
import { removePin } from './remove-pin.ts';

/** `checkpoint-warden unpin` */
export async function runUnpin({
  settings,
  args,
  io,
}: Invocation<{ readonly checkpointDir: string }>): Promise<number> {
  return forEachArgument(args, io, (argument) => {
    const archive = archivePathOf(argument, settings.checkpointDir);
    const result = removePin(archive);
    io.stdout.write(`${archive.path}: ${result === 'removed' ? 'no longer pinned' : 'was not pinned'}\n`);
  });
}
