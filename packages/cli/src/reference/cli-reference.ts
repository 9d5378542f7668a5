import { COMMANDS } from '../commands.ts';
import { memoryIo } from '../memory-io.ts';
import { runCli } from '../run-cli.ts';

/** `docs/reference/cli.md`: the help of the program and of every command, as they print it. */
export async function cliReference(): Promise<string> {
  const sections = [
    `# Command line\n\nResults go to stdout, problems and progress to stderr.\n\n${await helpOf()}`,
  ];
  for (const { name } of COMMANDS) sections.push(`## ${name}\n\n${await helpOf(name)}`);
  return `${GENERATED}\n${sections.join('\n')}`;
}

const GENERATED = '<!-- Made by `npm run generate` from packages/cli: change it there. -->';

async function helpOf(...command: readonly string[]): Promise<string> {
  const io = memoryIo();
  await runCli([...command, '--help'], io);
  return `\`\`\`text\n${io.written.stdout.trim()}\n\`\`\`\n`;
}
