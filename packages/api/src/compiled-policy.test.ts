import { type AppError, isAppError } from '@checkpoint-warden/errors';
import type { Policy } from '@checkpoint-warden/policy';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type CompiledPolicy, parseCompiledPolicy } from './compiled-policy.ts';

/** A type as JSON has it: writable, and without `undefined` as a value. */
type Wire<T> = T extends readonly (infer E)[]
  ? Wire<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Wire<Exclude<T[K], undefined>> }
    : T;

const rule = {
  id: 'default/podPolicies[0]',
  level: 'pod',
  namespace: 'shop',
  pod: 'web-*',
  mode: 'Enforce',
  applyImmediately: false,
  scope: 'Cluster',
  retainOrphan: true,
  orphanGraceMs: 60_000,
  keepLast: 0,
  groups: [{ level: 'pod', maxCount: 6 }],
};
const node = { id: 'default/nodePolicy', mode: 'Enforce', minFree: { percent: 10 } };

function problemsOf(value: unknown): string[] {
  try {
    parseCompiledPolicy(value);
  } catch (error) {
    if (!isAppError(error, 'CW_ERR_POLICY_INVALID')) throw error;
    return (error as AppError).problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('the wire form', () => {
  it('is the planner’s policy, field for field', () => {
    expectTypeOf<CompiledPolicy>().toExtend<Policy>();
    expectTypeOf<Wire<Policy>>().toExtend<CompiledPolicy>();
  });

  it('comes back as it was', () => {
    const policy = { rules: [rule], node };
    expect(parseCompiledPolicy(policy)).toEqual(policy);
    expect(parseCompiledPolicy({ rules: [] })).toEqual({ rules: [] });
  });
});

describe('parseCompiledPolicy refuses', () => {
  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, [': undefined is not an object']],
    ['no rules', {}, ['rules: rules is missing']],
    ['an unknown field', { rules: [], extra: 1 }, ['extra: unknown field "extra"']],
    [
      'a count of 0, which would keep none',
      { rules: [{ ...rule, groups: [{ level: 'pod', maxCount: 0 }] }] },
      ['rules[0].groups[0].maxCount: 0 is less than 1'],
    ],
    [
      'a total of 0 bytes, which would keep none',
      { rules: [], node: { ...node, maxTotalBytes: 0 } },
      ['node.maxTotalBytes: 0 is less than 1'],
    ],
    ['an age of 0', { rules: [{ ...rule, maxAgeMs: 0 }] }, ['rules[0].maxAgeMs: 0 is less than 1']],
    [
      'a number that is not whole',
      { rules: [{ ...rule, maxArchiveBytes: 1.5 }] },
      ['rules[0].maxArchiveBytes: 1.5 is not a whole number'],
    ],
    [
      'all of the filesystem as free space',
      { rules: [], node: { ...node, minFree: { percent: 100 } } },
      ['node.minFree: {"percent":100} is not of a form allowed here'],
    ],
    [
      'a pod rule without a pod, which would govern a whole namespace',
      { rules: [{ ...rule, pod: undefined }] },
      ['rules[0]: a pod rule names namespace, pod, this one namespace'],
    ],
    [
      'a global rule with a name',
      { rules: [{ ...rule, level: 'global' }] },
      ['rules[0]: a global rule names nothing, this one namespace, pod'],
    ],
    [
      'several mistakes, all of them at once',
      { rules: [{ ...rule, mode: 'Try', keepLast: -1 }], node: { ...node, id: '' } },
      [
        'rules[0].mode: "Try" is not one of Enforce, Audit',
        'rules[0].keepLast: -1 is less than 0',
        'node.id: is empty',
      ],
    ],
  ])('%s', (_, value, problems) => {
    expect(problemsOf(value)).toEqual(problems);
  });
});
