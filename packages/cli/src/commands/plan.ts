import { Setting } from '@checkpoint-warden/kit/settings';
import { type Static, Type } from 'typebox';
import { defineCommand } from '../command.ts';
import { checkpointDir, policyFile, quietPeriodMs, stateDir } from '../common-settings.ts';

/** Settings of `checkpoint-warden plan`. */
export const PlanSettings = Type.Object({
  checkpointDir,
  stateDir,
  policyFile,
  quietPeriodMs,
  onlyNamespace: Type.Optional(
    Setting.list({
      placeholder: 'name',
      description: 'Show only these namespaces; may be repeated. The plan is made over all',
    }),
  ),
  only: Setting.choice(['all', 'delete', 'keep'], {
    placeholder: 'which',
    description: 'Which archives to list; the summary counts all',
    default: 'all',
  }),
  output: Setting.choice(['table', 'wide', 'json', 'yaml'], {
    placeholder: 'form',
    description: 'Form of the output',
    default: 'table',
  }),
  exitCode: Setting.flag({ description: 'Exit with 3 when archives would be deleted' }),
});
export type PlanSettings = Readonly<Static<typeof PlanSettings>>;

export const plan = defineCommand({
  name: 'plan',
  summary: 'Show what would be deleted and kept, and change nothing',
  description:
    'With --policy-file, a dry run of a policy over a checkpoint directory, without an agent. Every count and size limit acts, as it would once an archive has arrived in each group. Whether pods still exist is not known then, so nothing is an orphan; archives on other nodes are not seen.\n\nWithout, the agent that runs on this node is asked what it would do now, by the policy in force and by what it knows of owners and of archives on other nodes. Count and size limits act only in groups with an arrival.',
  settings: PlanSettings,
  groups: {
    'Input:': ['checkpointDir', 'stateDir', 'policyFile', 'quietPeriodMs'],
    'Output:': ['onlyNamespace', 'only', 'output', 'exitCode'],
  },
  examples: [
    { line: 'plan', does: 'what the agent of this node would do now' },
    { line: 'plan --policy-file policy.yaml', does: 'what a policy would do on this node' },
    {
      line: 'plan --policy-file policy.yaml --only delete --only-namespace shop',
      does: 'what would go in one namespace',
    },
    {
      line: 'plan --policy-file policy.yaml --output json | jq .summary.total.delete.bytes',
      does: 'the bytes that would be freed',
    },
  ],
  async run(invocation) {
    const { runPlan } = await import('../plan/run-plan.ts');
    return runPlan(invocation);
  },
});
