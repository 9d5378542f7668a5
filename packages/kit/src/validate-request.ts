import { checkOf } from '@checkpoint-warden/api';
import { AppError, type Problem } from '@checkpoint-warden/errors';
import type { TSchema } from 'typebox';

/** What Fastify asks a validator for: a schema and the part of the request that it describes, `body` unless said. */
export interface RequestPart {
  readonly schema: unknown;
  readonly httpPart?: string;
}

/** What it wants back. */
export type Validated = { readonly value: unknown } | { readonly error: AppError };

/**
 * Makes Fastify's validators from TypeBox schemas, refinements included. A request is taken as it is or refused as
 * `CW_ERR_REQUEST_INVALID` with every problem, its path beginning with the part: `body.rules[0].id`. Nothing is converted but
 * the text of a query, where a number is digits and a truth value `true` or `false`.
 */
export function validateRequest({ schema, httpPart = 'body' }: RequestPart): (sent: unknown) => Validated {
  const type = schema as TSchema;
  const problemsOf = checkOf(type);
  return (sent) => {
    const value = httpPart === 'querystring' ? readQuery(type, sent) : sent;
    const problems = problemsOf(value);
    return problems.length === 0 ? { value } : { error: refusal(problems, httpPart) };
  };
}

function refusal(problems: readonly Problem[], part: string): AppError {
  return new AppError('CW_ERR_REQUEST_INVALID', 'the request does not match the schema', {
    problems: problems.map((problem) => ({ ...problem, path: joinPath(part, problem.path) })),
  });
}

/** A part that is wrong as a whole has an empty path; a list or an odd name begins with its bracket. */
function joinPath(part: string, path: string): string {
  return path === '' || path.startsWith('[') ? `${part}${path}` : `${part}.${path}`;
}

/** Reads a query by the types of its schema. What cannot be read stays text, which the schema then refuses. */
function readQuery(schema: TSchema, query: unknown): unknown {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string; default?: unknown }> };
  const defaults = Object.entries(properties).flatMap(([name, property]) =>
    property.default === undefined ? [] : [[name, property.default] as const],
  );
  const given = Object.entries(query as object).map(
    ([name, text]) =>
      [name, Object.hasOwn(properties, name) ? read(text, properties[name]?.type) : text] as const,
  );
  return Object.fromEntries([...defaults, ...given]);
}

function read(text: unknown, type: string | undefined): unknown {
  if (typeof text !== 'string') return text; // given more than once
  if (type === 'integer' && /^(?:0|[1-9]\d{0,15})$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
