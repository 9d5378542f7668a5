import { explain } from '@checkpoint-warden/policy';
import { makeArchive, makePlanInput, makeRule } from '@checkpoint-warden/policy/testing';
import { expect, it } from 'vitest';
import { explanationDocument } from './explanation-document.ts';
import { explanationText } from './explanation-text.ts';

it('tells people and programs on which other nodes newer archives lie', () => {
  const remote = [1, 2].map((age) => ({ ...makeArchive(`r${age}`, age), node: 'node-2' }));
  const policy = { rules: [makeRule({ groups: [{ level: 'namespace', maxCount: 3 }] })] };
  const input = makePlanInput([makeArchive('a', 3), makeArchive('b', 2), makeArchive('c', 1)], {
    policy,
    remote,
  });
  const explanation = explain(input, 'a');
  if (explanation === undefined) throw new Error('it is not there');
  const shown = { explanation, why: '', pinReason: undefined, nowMs: input.nowMs };
  const text = explanationText(shown, (_style, plain) => plain);
  expect(text).toContain('namespace shop may have 3; 4 are newer than this one (2 on node-2)');
  expect(text).toContain('Counted together with archives on\n  node-2\n');
  expect(explanationDocument(shown)).toMatchObject({ otherNodes: ['node-2'] });
});
