import type { CliIo } from './cli-io.ts';
import { EXIT } from './exit-codes.ts';
import { reportError } from './report-error.ts';

/**
 * Does the same with each argument of a command; one that fails is reported and does not stop the others.
 *
 * @returns the exit code: the highest of all
 */
export async function forEachArgument(
  args: readonly string[],
  io: Pick<CliIo, 'stderr' | 'env'>,
  act: (argument: string) => void | Promise<void>,
): Promise<number> {
  let exitCode: number = EXIT.done;
  for (const argument of args) {
    try {
      await act(argument);
    } catch (error) {
      exitCode = Math.max(exitCode, await reportError(error, io));
    }
  }
  return exitCode;
}
