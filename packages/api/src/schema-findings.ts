import type { TSchema } from 'typebox';
import type { TLocalizedValidationError as SchemaError } from 'typebox/error';
import { didYouMean } from './did-you-mean.ts';
import { type Finding, showValue } from './finding.ts';
import { property, resolvePointer } from './json-pointer.ts';

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'an object',
  string: 'a string',
};

/**
 * One error of TypeBox in words for people. None for errors that another one tells better, and one for each field that is
 * unknown or missing.
 */
export function schemaFindings(error: SchemaError, schema: TSchema, root: unknown): Finding[] {
  // What a closed object refuses is told by `additionalProperties`, alternatives that do not fit by `anyOf`.
  if (error.keyword === 'boolean' || error.schemaPath.includes('/anyOf/')) return [];
  const { path, value } = resolvePointer(root, error.instancePath);
  const { value: at } = resolvePointer(schema, error.schemaPath.slice(1));
  const properties = property(at, 'properties');
  switch (error.keyword) {
    case '~refine':
      return []; // collectFindings asks the refinements itself.
    case 'additionalProperties': {
      const known = Object.keys(properties ?? {});
      return error.params.additionalProperties.map((name) => ({
        path: [...path, name],
        message: `unknown field ${showValue(name)}`,
        remedy: didYouMean(name, known) ?? `known here: ${known.join(', ')}`,
        found: property(value, name),
      }));
    }
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        path: [...path, name],
        message: `${name} is missing`,
        remedy: `add ${name}${example(property(properties, name), ': ')}`,
      }));
    default: {
      const [message, remedy] = describe(error, value, at);
      return [{ path, message, found: value, ...(remedy === undefined ? {} : { remedy }) }];
    }
  }
}

/** What is wrong with a value, and what to write instead. */
function describe(
  error: SchemaError,
  value: unknown,
  schema: unknown,
): readonly [message: string, remedy?: string | undefined] {
  const shown = showValue(value);
  switch (error.keyword) {
    case 'enum': {
      const allowed = error.params.allowedValues.map(String);
      const remedy = didYouMean(String(value), allowed) ?? `write ${allowed.join(' or ')}`;
      return [`${shown} is not one of ${allowed.join(', ')}`, remedy];
    }
    case 'const':
      return [`${shown} is not ${error.params.allowedValue}`, `write ${error.params.allowedValue}`];
    case 'type':
      return [`${shown} is not ${typeName(error.params.type)}`, castRemedy(value, error.params.type)];
    case 'anyOf':
      return [`${shown} is not ${alternatives(schema)}`, castRemedy(value, 'string')];
    case 'minimum':
      return [`${shown} is less than ${error.params.limit}`, `write ${error.params.limit} or more`];
    case 'exclusiveMinimum':
      return [`${shown} is not above ${error.params.limit}`, `write more than ${error.params.limit}`];
    case 'maximum':
      return [`${shown} is more than ${error.params.limit}`, `write ${error.params.limit} or less`];
    case 'exclusiveMaximum':
      return [`${shown} is not below ${error.params.limit}`, `write less than ${error.params.limit}`];
    case 'minLength':
      return value === ''
        ? ['is empty', `write a value${example(schema, ' such as ')}`]
        : [`${shown} is too short`, `write at least ${error.params.limit} characters`];
    case 'maxLength':
      return [`${shown} is too long`, `write at most ${error.params.limit} characters`];
    case 'minItems':
    case 'minProperties':
      return ['has too few entries', `write at least ${error.params.limit}`];
    case 'maxItems':
    case 'maxProperties':
      return ['has too many entries', `write at most ${error.params.limit}`];
    case 'pattern': {
      const form = property(schema, 'x-form') ?? `of the form ${error.params.pattern}`;
      return [`${shown} is not ${form}`, `write a value${example(schema, ' such as ')}`];
    }
    default:
      return [error.message];
  }
}

/** How to write a value that is right but for its type. */
function castRemedy(value: unknown, wanted: unknown): string | undefined {
  if (value === null) return 'write a value, or leave the field out';
  if (wanted === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `write it in quotes: "${value}"`;
  }
  if (wanted === 'integer' && typeof value === 'number') return 'write it without a fraction';
  if (wanted === 'integer' && typeof value === 'string' && /^[0-9]+$/.test(value)) {
    return `write it without quotes: ${value}`;
  }
  if (wanted === 'boolean') return 'write true or false, without quotes';
  return undefined;
}

function alternatives(schema: unknown): string {
  const options = property(schema, 'anyOf');
  const types = Array.isArray(options) ? options.map((option) => typeName(property(option, 'type'))) : [];
  return new Set(types).size > 1 ? types.join(' or ') : 'of a form allowed here';
}

function typeName(type: unknown): string {
  return TYPE_NAMES[String(type)] ?? String(type);
}

/** The schema's example after some words, or nothing. */
function example(schema: unknown, words: string): string {
  const examples = property(schema, 'examples');
  return Array.isArray(examples) && examples.length > 0 ? `${words}${examples[0]}` : '';
}
