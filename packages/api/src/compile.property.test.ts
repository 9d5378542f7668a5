import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compile } from './compile.ts';
import { parseCompiledPolicy } from './compiled-policy.ts';
import { policyObjectsArbitrary } from './testing/policy-arbitrary.ts';
import { validateObject } from './validate-object.ts';

const node = fc.record({ labels: fc.dictionary(fc.constantFrom('pool', 'zone'), fc.constantFrom('a', 'b')) });

it('finds nothing wrong with valid objects, and compiles them to a policy that survives the wire', () => {
  fc.assert(
    fc.property(policyObjectsArbitrary, node, (objects, on) => {
      expect(objects.flatMap(validateObject)).toEqual([]);
      const { policy } = compile(objects, on);
      expect(parseCompiledPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
    }),
  );
});

it('does not depend on the order in which the API server lists the objects', () => {
  const shuffled = policyObjectsArbitrary.chain((objects) =>
    fc.tuple(fc.constant(objects), fc.shuffledSubarray(objects, { minLength: objects.length })),
  );
  fc.assert(
    fc.property(shuffled, node, ([objects, reordered], on) => {
      expect(compile(reordered, on)).toEqual(compile(objects, on));
    }),
  );
});

it('gives each rule its own id and each scope one rule', () => {
  fc.assert(
    fc.property(policyObjectsArbitrary, node, (objects, on) => {
      const { policy, objects: compiled } = compile(objects, on);
      const scopes = policy.rules.map(({ level, namespace, pod, container }) =>
        [level, namespace, pod, container].join(),
      );
      expect(new Set(policy.rules.map(({ id }) => id)).size).toBe(policy.rules.length);
      expect(new Set(scopes).size).toBe(scopes.length);
      expect(compiled).toHaveLength(objects.length);
    }),
  );
});

it('has no rule at all unless an object applies', () => {
  fc.assert(
    fc.property(policyObjectsArbitrary, node, (objects, on) => {
      const { policy, objects: compiled } = compile(objects, on);
      if (!compiled.some(({ applies }) => applies)) expect(policy).toEqual({ rules: [] });
    }),
  );
});
