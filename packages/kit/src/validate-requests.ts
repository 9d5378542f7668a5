import { Ajv, type Options } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';

const OPTIONS: Options = {
  removeAdditional: false,
  useDefaults: true,
  // The error handler cuts the list; bodies are bounded in size before they get here.
  allErrors: true,
  verbose: true,
  // Our schemas carry words of OpenAPI and Kubernetes as well, and formats for readers only.
  strict: false,
  validateFormats: false,
};

/**
 * Makes Fastify's validators. A body must have the types of its schema and no unknown field; in paths, queries and headers
 * all is text, so there, and only there, `5` may be a number.
 */
export function createRequestValidator(): FastifySchemaCompiler<object> {
  const body = new Ajv({ ...OPTIONS, coerceTypes: false });
  const text = new Ajv({ ...OPTIONS, coerceTypes: true });
  return ({ schema, httpPart }) => (httpPart === 'body' ? body : text).compile(schema);
}
