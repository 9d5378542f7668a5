import type { Static, TObject } from 'typebox';
import type { CliIo } from './cli-io.ts';

/** One call of a command. */
export interface Invocation<S> {
  readonly settings: S;
  /** What stands on the command line besides flags. */
  readonly args: readonly string[];
  readonly io: CliIo;
}

/**
 * One command of the program: what the help and the reference say of it, and what it does. Its flags and their environment
 * variables come from its settings.
 */
export interface CliCommand<S extends TObject = TObject> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Paragraphs for the command's own help. */
  readonly description: string;
  readonly argument?: {
    readonly name: string;
    readonly description: string;
    readonly variadic?: true;
  };
  readonly settings: S;
  /** Headings of the help and the settings under each. */
  readonly groups: Readonly<Record<string, readonly (keyof Static<S> & string)[]>>;
  /** Command lines (without the program's name) and what each does. */
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  /** @returns the exit code. Loads what it needs, so that other commands start without it. */
  run(invocation: Invocation<Readonly<Static<S>>>): Promise<number>;
}

/** Checks a command against the types of its own settings. */
export function defineCommand<S extends TObject>(command: CliCommand<S>): CliCommand {
  return command as unknown as CliCommand;
}
