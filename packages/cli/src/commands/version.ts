import { Type } from 'typebox';
import { BUILD_INFO } from '../build-info.ts';
import { defineCommand } from '../command.ts';
import { textOrJson } from '../common-settings.ts';
import { EXIT } from '../exit-codes.ts';
import { formatFields } from '../text/format-fields.ts';

export const version = defineCommand({
  name: 'version',
  summary: 'Print version, commit, Node.js and platform',
  description: 'Prints what to say in a bug report.',
  settings: Type.Object({ output: textOrJson }),
  groups: { 'Output:': ['output'] },
  examples: [],
  async run({ settings, io }) {
    const facts = {
      ...BUILD_INFO,
      node: process.version,
      platform: `${process.platform}/${process.arch}`,
    };
    io.stdout.write(
      settings.output === 'json'
        ? `${JSON.stringify(facts, undefined, 2)}\n`
        : formatFields(Object.entries(facts)),
    );
    return EXIT.done;
  },
});
