import { describeSettings, type SettingDescription } from '@checkpoint-warden/kit/settings';
import { Command, Option } from 'commander';
import { BUILD_INFO } from './build-info.ts';
import type { CliIo, Output } from './cli-io.ts';
import type { CliCommand } from './command.ts';
import { hasColor, paintFor } from './text/paint.ts';

const PROGRAM_NAME = 'checkpoint-warden';

const DEFAULT_HELP_WIDTH = 100;

const ROOT_EPILOGUE = `
Exit codes:
  0  done
  1  something failed
  2  wrong use or invalid input
  3  plan --exit-code found archives that would be deleted

Every flag can also be set in the environment; the help of a command names the variables.`;

/** Told which command was called, with its flags as given and its arguments. */
export type OnCommand = (
  command: CliCommand,
  flags: Readonly<Record<string, unknown>>,
  args: readonly string[],
) => Promise<void>;

/**
 * The command line as commander knows it. It throws a `CommanderError` instead of ending the process, and leaves values,
 * defaults and the environment to the settings.
 */
export function buildProgram(commands: readonly CliCommand[], io: CliIo, onCommand: OnCommand): Command {
  const program = new Command(PROGRAM_NAME)
    .description('Keeps container checkpoint archives within a retention policy, and says why.')
    .version(`${PROGRAM_NAME} ${BUILD_INFO.version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', ROOT_EPILOGUE)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => helpWidth(io.stdout),
      getErrHelpWidth: () => helpWidth(io.stderr),
      getOutHasColors: () => hasColor(io.stdout, io.env),
      getErrHasColors: () => hasColor(io.stderr, io.env),
    })
    .configureHelp({ styleTitle: (title) => paintFor(io.stdout, io.env)('bold', title) });
  for (const command of commands) program.addCommand(buildCommand(program, command, onCommand));
  return program;
}

function helpWidth({ columns }: Output): number {
  return Math.min(columns ?? DEFAULT_HELP_WIDTH, DEFAULT_HELP_WIDTH);
}

function buildCommand(program: Command, command: CliCommand, onCommand: OnCommand): Command {
  const { name, summary, description, argument, examples } = command;
  const built = new Command(name)
    .copyInheritedSettings(program)
    .summary(summary)
    .description(description)
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError(`(see ${PROGRAM_NAME} ${name} --help)`);
  if (argument !== undefined) {
    const { variadic = false } = argument;
    built.argument(`<${argument.name}${variadic ? '...' : ''}>`, argument.description);
  }
  built.action(async (...given: unknown[]) => {
    // Commander passes each declared argument, then the flags, then itself.
    const flags = given.at(-2) as Readonly<Record<string, unknown>>;
    const args = (given.slice(0, -2) as (string | string[])[]).flat();
    await onCommand(command, flags, args);
  });
  for (const setting of describeSettings(command.settings)) {
    built.addOption(optionOf(setting).helpGroup(groupOf(command, setting.key)));
  }
  if (examples.length > 0) {
    const lines = examples.map(({ line, does }) => `  # ${does}\n  ${PROGRAM_NAME} ${line}`);
    built.addHelpText('after', `\nExamples:\n${lines.join('\n\n')}`);
  }
  return built;
}

function groupOf({ groups }: CliCommand, key: string): string {
  const [heading = 'Options:'] = Object.entries(groups).find(([, keys]) => keys.includes(key)) ?? [];
  return heading;
}

function optionOf(setting: SettingDescription): Option {
  const { flag, env, placeholder, description, default: preset, required, schema } = setting;
  const isFlag = schema.setting === 'flag';
  const facts = [
    ...(schema.choices === undefined ? [] : [schema.choices.join(', ')]),
    ...(required ? ['required'] : []),
    ...(preset === undefined || isFlag ? [] : [`default: ${preset}`]),
  ];
  const text = `${description}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}\n[$${env}]`;
  const option = new Option(isFlag ? flag : `${flag} <${placeholder}>`, text);
  if (schema.setting !== 'list') return option;
  return option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
}
