import type { Owner } from '@checkpoint-warden/policy';
import fc from 'fast-check';

/** An RFC 1123 label, often with dashes: those make the split of `<namespace>-<container>` ambiguous. */
const label = fc
  .array(fc.constantFrom('a', 'b', 'z', '0', '9', 'ab', '-'), { minLength: 1, maxLength: 8 })
  .map((parts) => `a${parts.join('')}z`);

export const ownerArbitrary: fc.Arbitrary<Owner> = fc.record({
  namespace: label,
  pod: fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')),
  container: label,
});
