import { Setting } from '@checkpoint-warden/kit/settings';
import { Type } from 'typebox';
import { defineCommand } from '../command.ts';
import { checkpointDir } from '../common-settings.ts';

const argument = {
  name: 'archive',
  description: 'paths of archives, or names of archives in --checkpoint-dir',
  variadic: true,
} as const;

export const pin = defineCommand({
  name: 'pin',
  summary: 'Put archives outside retention',
  description:
    'Creates ARCHIVE.keep beside each archive. A pinned archive is not deleted and counts against no limit but the node’s. The archive itself is not touched.',
  argument,
  settings: Type.Object({
    checkpointDir,
    reason: Type.Optional(
      Setting.text({ description: 'Why, for whoever finds the pin; inspect and explain show it' }),
    ),
  }),
  groups: { 'Options:': ['checkpointDir', 'reason'] },
  examples: [
    {
      line: 'pin checkpoint-web-0_shop-app-2026-11-23T13:11:16Z.tar --reason "incident 42"',
      does: 'keep evidence for as long as it takes',
    },
  ],
  async run({ settings, args, io }) {
    const { runPin } = await import('../pin/run-pin.ts');
    return runPin({ settings, args, io });
  },
});

export const unpin = defineCommand({
  name: 'unpin',
  summary: 'Put pinned archives under retention again',
  description: 'Removes ARCHIVE.keep. The limits decide over the archive from then on.',
  argument,
  settings: Type.Object({ checkpointDir }),
  groups: { 'Options:': ['checkpointDir'] },
  examples: [
    {
      line: 'unpin checkpoint-web-0_shop-app-2026-11-23T13:11:16Z.tar',
      does: 'let the policy decide again',
    },
  ],
  async run(invocation) {
    const { runUnpin } = await import('../pin/run-unpin.ts');
    return runUnpin(invocation);
  },
});
