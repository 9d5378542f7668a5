import { spawnSync } from 'node:child_process';
import type { DemoDeletion } from './demo-agent.ts';
import { PROGRAM } from './program.ts';

const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function heading(text: string): void {
  say(isTerminal ? `\n\u001b[1m${text}\u001b[0m` : `\n${text}\n${'-'.repeat(text.length)}`);
}

/** Runs a command of the program as a user would, and shows both the command and what it prints. */
export function showCommand(args: readonly string[]): void {
  say(`\n$ checkpoint-warden ${args.join(' ')}`);
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
  say(`${stdout}${stderr}`.trimEnd().replaceAll(/^/gm, '  '));
}

/** What the agent deleted, from its audit log. */
export function showDeletions(deletions: readonly DemoDeletion[]): void {
  say('From the audit log:');
  for (const { archive, bytes, reason, rule } of deletions) {
    say(`  deleted ${archive}\n      ${reason}, by ${rule}; ${Math.round(bytes / 1024)} KiB`);
  }
}
