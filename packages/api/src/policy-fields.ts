import { MAX_DURATION_LENGTH, MAX_SIZE_LENGTH } from '@checkpoint-warden/policy';
import Type from 'typebox';
import { celValidations, refined } from './schema-rule.ts';
import {
  DURATION_RULE,
  FREE_SPACE_RULE,
  NAME_FORM,
  NAME_PATTERN,
  nameCel,
  SIZE_RULE,
} from './value-rules.ts';

/**
 * The kinds of fields that a policy is made of. Each carries its description for `kubectl explain`, and in `x-reference`
 * what the reference page says in its columns for type and default.
 */

const OFF = 'Unset: no limit; 0: this limit is off.';
const SIZE = 'A whole number is MiB, a string is a Kubernetes quantity such as 500Mi or 1.5Gi.';
const DURATION = 'A duration such as 90s, 15m, 72h, 7d, 2w or 1h30m.';

/** A size in MiB or as a quantity. */
export function size(text: string) {
  return refined(intOrString(`${text} ${SIZE} ${OFF}`, 'size', [SIZE_RULE]), [SIZE_RULE]);
}

/** A percentage of a filesystem, or a size. */
export function freeSpace(text: string) {
  const description = `${text} ${SIZE} ${OFF}`;
  return refined(intOrString(description, 'percentage or size', [FREE_SPACE_RULE]), [FREE_SPACE_RULE]);
}

function intOrString(description: string, type: string, rules: Parameters<typeof celValidations>[0]) {
  return Type.Union([Type.Integer(), Type.String()], {
    description,
    'x-reference': { type, default: 'no limit' },
    'x-kubernetes-int-or-string': true,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    maxLength: MAX_SIZE_LENGTH,
    ...celValidations(rules),
  });
}

/** An age after which something is deleted. */
export function age(text: string, unset = 'no limit') {
  return duration(`${text} ${DURATION} Unset: ${unset}; 0s: this limit is off.`, {
    'x-reference': { type: 'duration', default: unset },
  });
}

/** A span of time with a default that the API server fills in. */
export function period(text: string, fallback: string) {
  return duration(`${text} ${DURATION} Default: ${fallback}.`, {
    default: fallback,
    'x-reference': { type: 'duration' },
  });
}

function duration(description: string, options: object) {
  const schema = Type.String({
    description,
    ...options,
    maxLength: MAX_DURATION_LENGTH,
    ...celValidations([DURATION_RULE]),
  });
  return refined(schema, [DURATION_RULE]);
}

/** A number of archives. */
export function count(text: string, unset = 'no limit') {
  const note = unset === 'no limit' ? OFF : `Default: ${unset}.`;
  return Type.Integer({
    description: `${text} ${note}`,
    'x-reference': { type: 'count', default: unset },
    format: 'int32',
    minimum: 0,
    maximum: 2 ** 31 - 1,
  });
}

/** A name, or a pattern with `*`, of a namespace, pod or container. */
export function namePattern(what: string, maxLength: number, example: string) {
  return Type.String({
    description: `Name of the ${what}; * stands for any characters, also none. Compared as a whole: team does not match team-a.`,
    'x-reference': { type: 'name or pattern', default: 'required' },
    'x-form': NAME_FORM,
    examples: [example],
    minLength: 1,
    maxLength,
    pattern: NAME_PATTERN,
    ...celValidations([{ cel: nameCel(example) }]),
  });
}

/** A yes or no. */
export function flag(text: string, fallback: boolean) {
  return Type.Boolean({ description: `${text} Default: ${fallback}.`, default: fallback });
}

/** One of two words; the first is the default. */
export function choice<const A extends string, const B extends string>(text: string, fallback: A, other: B) {
  return Type.Enum([fallback, other], {
    type: 'string',
    description: `${text} Default: ${fallback}.`,
    default: fallback,
  });
}
