import { isAppError } from '@checkpoint-warden/errors';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { formatProblems } from './format-problems.ts';
import { readPolicyText } from './read-policy-text.ts';
import { policyObjectsArbitrary } from './testing/policy-arbitrary.ts';
import { validateObject } from './validate-object.ts';

it('reads back valid objects, as YAML documents and as a JSON List', () => {
  fc.assert(
    fc.property(policyObjectsArbitrary, (objects) => {
      fc.pre(objects.length > 0);
      const documents = objects.map((object) => stringify(object)).join('---\n');
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      expect(readPolicyText(documents, 'p.yaml').objects).toEqual(objects);
      expect(readPolicyText(list, 'p.json').objects).toEqual(objects);
    }),
    { numRuns: 30 },
  );
});

it('either reads a damaged text to valid objects or tells what is wrong with it, and never crashes', () => {
  const damaged = fc
    .tuple(
      policyObjectsArbitrary,
      fc.nat(),
      fc.nat(30),
      fc.oneof(fc.string(), fc.constantFrom('&a ', '*a', '<<: ', '- ', '{', '"')),
    )
    .map(([objects, at, length, inserted]) => {
      const text = objects.map((object) => stringify(object)).join('---\n');
      const start = at % (text.length + 1);
      return text.slice(0, start) + inserted + text.slice(start + length);
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.string({ maxLength: 200 })), (text) => {
      try {
        expect(readPolicyText(text, 'p.yaml').objects.flatMap(validateObject)).toEqual([]);
      } catch (error) {
        if (!isAppError(error, 'CW_ERR_POLICY_INVALID')) throw error;
        expect(formatProblems(error)).toContain('p.yaml');
      }
    }),
    { numRuns: 200 },
  );
});

it('finds a problem in anything that is not a policy object', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
      expect(validateObject(value)).not.toEqual([]);
    }),
    { numRuns: 300 },
  );
});
