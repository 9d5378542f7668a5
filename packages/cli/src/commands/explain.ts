import { Type } from 'typebox';
import { defineCommand } from '../command.ts';
import { checkpointDir, policyFile, quietPeriodMs, textOrJson } from '../common-settings.ts';

export const explain = defineCommand({
  name: 'explain',
  summary: 'Tell why a policy would keep or delete one archive',
  description:
    'Tells which rule governs an archive, which others matched and lost, what each limit says, and what would have to change for the archive to go or stay. It reads the same plan as `plan` and changes nothing.',
  argument: { name: 'archive', description: 'path of an archive, or the name of one in --checkpoint-dir' },
  settings: Type.Object({ checkpointDir, policyFile, quietPeriodMs, output: textOrJson }),
  groups: { 'Input:': ['checkpointDir', 'policyFile', 'quietPeriodMs'], 'Output:': ['output'] },
  examples: [
    {
      line: 'explain checkpoint-web-0_shop-app-2026-11-23T13:11:16Z.tar --policy-file policy.yaml',
      does: 'one archive of this node',
    },
  ],
  async run(invocation) {
    const { runExplain } = await import('../explain/run-explain.ts');
    return runExplain(invocation);
  },
});
