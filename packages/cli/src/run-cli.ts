import { describeSettings, loadSettings } from '@checkpoint-warden/kit/settings';
import { CommanderError } from 'commander';
import type { CliIo } from './cli-io.ts';
import { COMMANDS } from './commands.ts';
import { EXIT } from './exit-codes.ts';
import { buildProgram } from './program.ts';
import { reportError } from './report-error.ts';

/** Variables of all commands: those of another one may be set in the same container. */
const ALL_VARIABLES = COMMANDS.flatMap(({ settings }) => describeSettings(settings).map(({ env }) => env));

/**
 * Runs the program: everything between a command line and an exit code.
 *
 * @param argv - what stands after the program's name
 * @returns the exit code, see `EXIT`
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = buildProgram(COMMANDS, io, async (command, flags, args) => {
    const settings = loadSettings(command.settings, { env: io.env, flags, otherEnv: ALL_VARIABLES });
    exitCode = await command.run({ settings, args, io });
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has said already what is wrong, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.invalid;
    return reportError(error, io);
  }
}
