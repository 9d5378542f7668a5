import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KIND, readPolicyText } from '@checkpoint-warden/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillDirectory } from '../demo/demo-archives.ts';
import { readBlocks } from './read-blocks.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const PROGRAM = join(ROOT, 'packages/cli/src/main.ts');
const MIGRATION = 'docs/how-to/move-from-checkpoint-restore-operator.md';

const blocksOf = (file: string) => readBlocks(readFileSync(join(ROOT, file), 'utf8'));

describe('every policy in the documentation is valid:', () => {
  const policies = globSync(['README.md', 'docs/**/*.md', 'charts/**/README.md'], { cwd: ROOT }).flatMap(
    (file) =>
      blocksOf(file)
        .filter(({ language, text }) => language === 'yaml' && text.includes(`kind: ${KIND}`))
        .map(({ line, text }) => ({ file, line, text })),
  );

  it.each(policies)('$file, line $line', ({ file, text }) => {
    expect(readPolicyText(text, file).objects.length).toBeGreaterThan(0);
  });
});

describe(`what ${MIGRATION} shows is what the program prints:`, () => {
  const blocks = blocksOf(MIGRATION);
  const transcripts = blocks
    .filter(({ language }) => language === 'console')
    .map(({ line, text }) => ({ line, command: text.slice(0, text.indexOf('\n')), output: text }));
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'checkpoint-warden-docs-'));
    fillDirectory(join(directory, 'checkpoints'));
    const [operator, policy] = blocks.filter(({ language }) => language === 'yaml');
    writeFileSync(join(directory, 'operator.yaml'), operator?.text ?? '');
    writeFileSync(join(directory, 'policy.yaml'), policy?.text ?? '');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('it shows some', () => {
    expect(transcripts).toHaveLength(3);
  });

  it.each(transcripts)('line $line: $command', async ({ command, output }) => {
    const printed = await run(command.replace('$ checkpoint-warden ', '').split(' '), directory);
    expect(timeless(`${command}\n${printed}`)).toMatch(patternOf(output));
  });
});

/** Standard output and standard error of the program, whether it succeeds or not. */
function run(args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { cwd, env: {} }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

/** Without what differs from run to run: dates, seconds of an age, and the spaces that align columns of these. */
function timeless(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replaceAll(/(\d[hd])\d+[ms]/g, '$1')
    .replaceAll(/ +/g, ' ');
}

/** A line of `…` stands for any lines. */
function patternOf(output: string): RegExp {
  const parts = timeless(output.trimEnd())
    .split('\n…\n')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('\n[\\s\\S]*\n')}\\s*$`);
}
