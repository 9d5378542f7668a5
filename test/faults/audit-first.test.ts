import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { policyOf, until } from '@checkpoint-warden/agent/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { useTestAgent } from './test-agent.ts';

const WEB = { namespace: 'shop', pod: 'web-0', container: 'app' };
const at = (second: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, second));

/** System calls that matter here, in order; each is still carried out. */
let calls: string[];
const { fdatasyncSync, unlinkSync, writeSync } = fs;
beforeEach(() => {
  calls = [];
  fs.fdatasyncSync = (fd) => {
    calls.push('flush');
    fdatasyncSync(fd);
  };
  fs.unlinkSync = (path) => {
    calls.push(`unlink ${basename(String(path))}`);
    unlinkSync(path);
  };
  fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
    const kind = /"kind":"(intent|outcome)"/.exec(String(args[1]))?.[1];
    if (kind !== undefined) calls.push(kind);
    return writeSync(...args);
  }) as typeof writeSync;
  syncBuiltinESMExports();
});
afterEach(() => {
  Object.assign(fs, { fdatasyncSync, unlinkSync, writeSync });
  syncBuiltinESMExports();
});

const test = useTestAgent();

it('a deletion happens after its audit line is written and flushed, and its outcome follows', async () => {
  const [oldest = '', older = ''] = [1, 2, 3].map((second) => test.sandbox.write(WEB, at(second)));
  const agent = await test.start({
    policy: policyOf('applyPoliciesImmediately: true\nglobalPolicy: {maxCheckpointsPerContainer: 1}'),
  });
  await until('one is left', () => test.sandbox.list().length === 1);
  await test.stop();
  const first = calls.indexOf('intent');
  expect(calls.slice(first, first + 5)).toEqual([
    'intent',
    'flush',
    `unlink ${oldest}`,
    `unlink ${older}`,
    'outcome',
  ]);
  expect(agent.lines.filter(({ level }) => level === 'error')).toEqual([]);
});
