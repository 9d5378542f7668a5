import type { Problem } from '@checkpoint-warden/errors';
import Type, { type TSchema } from 'typebox';
import type { TLocalizedValidationError as SchemaError } from 'typebox/error';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { type Finding, type Path, toProblem } from './finding.ts';
import { property } from './json-pointer.ts';
import { schemaFindings } from './schema-findings.ts';

/** TypeBox stops at 8 errors unless told otherwise; this is more than any input that is worth reading through. */
const MAX_ERRORS = 10_000;

/**
 * Checks a value against a schema and tells everything that is wrong with it, one problem a place, in the schema's words.
 *
 * The message of a refinement (`Type.Refine`) may have a second line: that is the remedy.
 */
export function collectProblems(schema: TSchema, value: unknown): Problem[] {
  return collectFindings(schema, value).map(toProblem);
}

/** {@link collectProblems} with exact places. */
export function collectFindings(schema: TSchema, value: unknown): Finding[] {
  const findings = new Map<string, Finding>();
  const add = (finding: Finding) => findings.set(JSON.stringify(finding.path), finding);
  // The first of several errors in one place is enough, but a refinement knows more than the keywords beside it.
  for (const finding of errorsOf(schema, value).flatMap((error) => schemaFindings(error, schema, value))) {
    if (!findings.has(JSON.stringify(finding.path))) add(finding);
  }
  for (const finding of refusals(schema, value, [])) add(finding);
  return [...findings.values()];
}

function errorsOf(schema: TSchema, value: unknown): SchemaError[] {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: MAX_ERRORS });
  try {
    return Value.Errors(schema, value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

/** What the refinements say, of every part of the value: TypeBox does not come to one whose neighbours have errors. */
function refusals(schema: unknown, value: unknown, path: Path): Finding[] {
  if (typeof schema !== 'object' || schema === null || value === undefined) return [];
  const own = Type.IsRefine(schema)
    ? schema['~refine']
        .filter(({ check }) => !check(value))
        .slice(0, 1)
        .map(({ error }) => {
          const [message = '', remedy] = error(value).split('\n');
          return { path, message, found: value, ...(remedy === undefined ? {} : { remedy }) };
        })
    : [];
  return [...own, ...parts(schema, value).flatMap(([step, at, part]) => refusals(at, part, [...path, step]))];
}

/** The parts of a value that have a schema: where, which schema, which value. */
function parts(
  schema: object,
  value: unknown,
): (readonly [step: string | number, schema: unknown, value: unknown])[] {
  if (Array.isArray(value)) {
    const items = property(schema, 'items');
    return value.map((part, index) => [index, items, part] as const);
  }
  const properties = property(schema, 'properties');
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).map(([name, at]) => [name, at, property(value, name)] as const);
}
