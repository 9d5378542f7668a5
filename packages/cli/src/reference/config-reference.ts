import { settingsTable } from '@checkpoint-warden/kit/settings';
import { COMMANDS } from '../commands.ts';

const INTRODUCTION = `<!-- Made by \`npm run generate\` from packages/cli: change it there. -->
# Settings

Every setting of a command is a flag and an environment variable; the flag wins, then the variable, then the default. An empty
variable counts as not set, and an unknown \`CHECKPOINT_WARDEN_…\` variable is an error.

- duration: \`90s\`, \`15m\`, \`72h\`, \`7d\`, \`1h30m\`
- address: \`HOST:PORT\`, \`[IPV6]:PORT\`, or \`:PORT\` for all addresses
- list: values separated by commas; the flag may also be repeated
- flag: \`true\` or \`false\` in the environment; on the command line it takes no value

What a policy file holds is described in [policy.md](policy.md).
`;

/** `docs/reference/config.md`: the settings of every command. */
export function configReference(): string {
  const sections = COMMANDS.filter(({ settings }) => Object.keys(settings.properties).length > 0).map(
    ({ name, summary, settings }) => `## ${name}\n\n${summary}.\n\n${settingsTable(settings)}`,
  );
  return [INTRODUCTION, ...sections].join('\n');
}
