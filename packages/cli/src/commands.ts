import type { CliCommand } from './command.ts';
import { agent } from './commands/agent.ts';
import { controller } from './commands/controller.ts';
import { crd } from './commands/crd.ts';
import { explain } from './commands/explain.ts';
import { inspect } from './commands/inspect.ts';
import { pin, unpin } from './commands/pin.ts';
import { plan } from './commands/plan.ts';
import { validate } from './commands/validate.ts';
import { version } from './commands/version.ts';

/** All commands, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [
  agent,
  controller,
  plan,
  explain,
  inspect,
  pin,
  unpin,
  validate,
  crd,
  version,
];
