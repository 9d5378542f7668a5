import { makeRule } from '@checkpoint-warden/policy/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOf } from './check-of.ts';
import { collectProblems } from './collect-problems.ts';
import { CompiledPolicySchema } from './compiled-policy.ts';

const rule = fc.record({ ...rightFields(), keepLast: fc.integer({ min: -1, max: 3 }) }, { requiredKeys: [] });

/** Fields of a right rule, sometimes wrong. */
function rightFields() {
  const { namespace: _, pod: __, container: ___, ...right } = makeRule({});
  const fields = Object.entries(right).map(([name, value]) => [
    name,
    fc.oneof(fc.constant(value), fc.constant(1)),
  ]);
  return Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>;
}

describe('checkOf', () => {
  it('says of every value what collecting its problems says', () => {
    const check = checkOf(CompiledPolicySchema);
    fc.assert(
      fc.property(fc.record({ rules: fc.array(rule, { maxLength: 3 }) }), (policy) => {
        expect(check(policy)).toEqual(collectProblems(CompiledPolicySchema, policy));
      }),
    );
  });

  it('refuses what only a refinement knows to be wrong', () => {
    const policy = { rules: [{ ...makeRule({}), level: 'namespace' }] };
    expect(checkOf(CompiledPolicySchema)(policy).map(({ path }) => path)).toEqual(['rules[0]']);
    expect(checkOf(CompiledPolicySchema)({ rules: [makeRule({})] })).toEqual([]);
  });
});
