import type { Problem } from '@checkpoint-warden/errors';
import type { CliIo } from './cli-io.ts';
import type { Scan } from './scan/scan-directory.ts';
import { paintFor } from './text/paint.ts';

/** Says on stderr what of a policy is not in force and what of a directory could not be seen. */
export function reportWarnings(
  warnings: readonly Problem[],
  scan: Scan,
  io: Pick<CliIo, 'stderr' | 'env'>,
): void {
  const paint = paintFor(io.stderr, io.env);
  const warn = (text: string): void => io.stderr.write(`${paint('yellow', 'warning:')} ${text}\n`);
  for (const { path, message, remedy } of warnings) {
    warn(`${path}: ${message}${remedy === undefined ? '' : `\n  ${remedy}`}`);
  }
  for (const name of scan.unknown) warn(`${name} cannot be looked at and is left out`);
  if (scan.disk === undefined) {
    warn('the filesystem does not tell its free space: the limits of nodePolicy are left out');
  }
}
