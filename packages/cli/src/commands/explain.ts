import { type Static, Type } from 'typebox';
import { defineCommand } from '../command.ts';
import { checkpointDir, policyFile, quietPeriodMs, stateDir, textOrJson } from '../common-settings.ts';

/** Settings of `checkpoint-warden explain`. */
export const ExplainSettings = Type.Object({
  checkpointDir,
  stateDir,
  policyFile,
  quietPeriodMs,
  output: textOrJson,
});
export type ExplainSettings = Readonly<Static<typeof ExplainSettings>>;

export const explain = defineCommand({
  name: 'explain',
  summary: 'Tell why one archive is kept or deleted',
  description:
    'Tells which rule governs an archive, which others matched and lost, what each limit says, and what would have to change for the archive to go or stay. It reads the same plan as `plan` and changes nothing.\n\nThe agent that runs on this node is asked: it judges by the policy in force, and by what it knows of owners and of archives on other nodes. With --policy-file a policy is tried on the files of this node alone, without an agent.',
  argument: { name: 'archive', description: 'path of an archive, or the name of one in --checkpoint-dir' },
  settings: ExplainSettings,
  groups: {
    'Input:': ['checkpointDir', 'stateDir', 'policyFile', 'quietPeriodMs'],
    'Output:': ['output'],
  },
  examples: [
    {
      line: 'explain checkpoint-web-0_shop-app-2026-11-23T13:11:16Z.tar',
      does: 'why the agent of this node keeps or deletes an archive',
    },
    {
      line: 'explain checkpoint-web-0_shop-app-2026-11-23T13:11:16Z.tar --policy-file policy.yaml',
      does: 'what a policy would do with it',
    },
  ],
  async run(invocation) {
    const { runExplain } = await import('../explain/run-explain.ts');
    return runExplain(invocation);
  },
});
