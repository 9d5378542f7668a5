import { describe, expect, it } from 'vitest';
import { INVALID_POLICIES } from './testing/invalid-policies.ts';
import { VALID_POLICIES } from './testing/valid-policies.ts';
import { validateObject } from './validate-object.ts';

describe('validateObject refuses', () => {
  it.each(INVALID_POLICIES)('$mistake', ({ object, problems }) => {
    const told = validateObject(object).map(({ path, message, remedy }) =>
      remedy === undefined ? `${path}: ${message}` : `${path}: ${message}\n${remedy}`,
    );
    expect(told).toEqual(problems);
  });
});

describe('validateObject accepts', () => {
  it.each(Object.entries(VALID_POLICIES))('%s', (_, object) => {
    expect(validateObject(object)).toEqual([]);
  });

  it('whatever the status holds, which is for the controller to write', () => {
    const [object] = Object.values(VALID_POLICIES);
    expect(validateObject({ ...object, status: { left: 'by a newer version' } })).toEqual([]);
  });
});

it('shows the value found', () => {
  const [problem] = validateObject(INVALID_POLICIES[0]?.object);
  expect(problem?.found).toBe('"10"');
});

it('tells more than a hundred problems at once', () => {
  const podPolicies = Array.from({ length: 150 }, (_, i) => ({
    namespace: 'a',
    pod: `p-${i}`,
    maxTotalSize: '1',
  }));
  const object = { ...VALID_POLICIES['one limit for all'], spec: { podPolicies } };
  expect(validateObject(object)).toHaveLength(150);
});
