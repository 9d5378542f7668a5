import Type, { type TSchema } from 'typebox';

/** What is wrong with a value, and what to write instead. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
}

/** One entry of `x-kubernetes-validations`: what the API server checks, in CEL. */
export interface CelRule {
  /** True when the value is right; `self` is the value. */
  readonly rule: string;
  /** CEL that gives the message for a wrong value. */
  readonly messageExpression?: string;
  readonly message?: string;
}

/**
 * One rule in its two forms, side by side because they must agree: what the API server checks and what this program checks.
 * `check` sees any value, also one of a wrong type (another problem is told for that), and has nothing to say about it.
 */
export interface SchemaRule {
  readonly cel: CelRule;
  readonly check: (value: unknown) => Refusal | undefined;
}

/** The schema options that carry the rules into the CRD. */
export function celValidations(rules: readonly Pick<SchemaRule, 'cel'>[]): {
  'x-kubernetes-validations': CelRule[];
} {
  return { 'x-kubernetes-validations': rules.map(({ cel }) => cel) };
}

/** The schema with the rules checked by TypeBox. The second line of a refinement's text is the remedy. */
export function refined<S extends TSchema>(schema: S, checks: readonly Pick<SchemaRule, 'check'>[]): S {
  return checks.reduce<S>(
    (type, { check }) =>
      Type.Refine(
        type,
        (value) => check(value) === undefined,
        (value) => {
          const refusal = check(value);
          return refusal === undefined ? '' : `${refusal.message}\n${refusal.remedy}`;
        },
      ) as S,
    schema,
  );
}
