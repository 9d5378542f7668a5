import { Type } from 'typebox';
import { defineCommand } from '../command.ts';

export const validate = defineCommand({
  name: 'validate',
  summary: 'Check policy files and show every problem at once',
  description:
    'Checks policy files as the agent and the API server would, and tells of every problem the file, line, path, what was found and what to write instead. The objects of all files are taken together, as in a cluster.',
  argument: { name: 'file', description: 'policy files, or - for standard input', variadic: true },
  settings: Type.Object({}),
  groups: {},
  examples: [
    { line: 'validate policies/*.yaml', does: 'all policies of a repository' },
    { line: 'validate - < policy.yaml', does: 'a policy from standard input' },
  ],
  async run(invocation) {
    const { runValidate } = await import('../validate/run-validate.ts');
    return runValidate(invocation);
  },
});
