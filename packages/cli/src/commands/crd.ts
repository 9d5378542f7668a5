import { Type } from 'typebox';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const crd = defineCommand({
  name: 'crd',
  summary: 'Print the CustomResourceDefinition',
  description: 'Prints the definition of CheckpointRetentionPolicy for kubectl apply.',
  settings: Type.Object({}),
  groups: {},
  examples: [{ line: 'crd | kubectl apply --server-side -f -', does: 'install it or bring it up to date' }],
  async run({ io }) {
    const { crdYaml } = await import('@checkpoint-warden/api');
    io.stdout.write(crdYaml());
    return EXIT.done;
  },
});
