import { Type } from 'typebox';
import { defineCommand } from '../command.ts';
import { checkpointDir, textOrJson } from '../common-settings.ts';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Show what reading archives tells: owner, time, completeness',
  description:
    'Reads headers and metadata of any checkpoint archive, never its memory pages, and tells whether it is complete, whose it is and how that is known. Also for files that the agent would never touch.',
  argument: {
    name: 'archive',
    description: 'paths of archives, or names of archives in --checkpoint-dir',
    variadic: true,
  },
  settings: Type.Object({ checkpointDir, output: textOrJson }),
  groups: { 'Input:': ['checkpointDir'], 'Output:': ['output'] },
  examples: [
    {
      line: 'inspect checkpoint-web-0_shop-app-2026-11-23T13:11:16Z.tar',
      does: 'an archive of this node',
    },
    { line: 'inspect --output json ./*.tar', does: 'all archives of the working directory, for a program' },
  ],
  async run(invocation) {
    const { runInspect } = await import('../inspect/run-inspect.ts');
    return runInspect(invocation);
  },
});
