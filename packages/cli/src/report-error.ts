import { type AppError, isAppError } from '@checkpoint-warden/errors';
import type { CliIo } from './cli-io.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { paintFor } from './text/paint.ts';

/**
 * Says on stderr what is wrong.
 *
 * @returns the exit code
 */
export async function reportError(error: unknown, io: Pick<CliIo, 'stderr' | 'env'>): Promise<number> {
  if (isAppError(error)) {
    io.stderr.write(`${paintFor(io.stderr, io.env)('red', 'error:')} ${await describe(error)}\n`);
    return exitCodeOf(error);
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(`internal error, please report it: ${detail}\n`);
  return EXIT.failed;
}

/** A single problem says all; of several, the message is the heading. */
async function describe(error: AppError): Promise<string> {
  if (error.problems.length === 0) return error.message;
  const { formatProblems } = await import('@checkpoint-warden/api');
  const problems = formatProblems(error);
  return error.problems.length === 1 ? problems : `${error.message}\n${problems}`;
}
