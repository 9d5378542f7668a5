import { ERROR_CODES, type ErrorCode } from '@checkpoint-warden/errors';

/** The most a body may have, in bytes: a compiled policy of twenty thousand rules, or as many absent owners as a node can have. */
export const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** What any call can run into. */
const ALWAYS: readonly ErrorCode[] = ['CW_ERR_FORBIDDEN', 'CW_ERR_INTERNAL'];

/**
 * The `response` schemas of the errors a route answers with, by status, with their codes in the description.
 *
 * @param codes - those beyond what any call can run into
 */
export function errorResponses(...codes: readonly ErrorCode[]): Record<number, object> {
  const byStatus = Map.groupBy([...codes, ...ALWAYS], (code) => ERROR_CODES[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, sharing]) => [
      status,
      {
        description: sharing.map((code) => `\`${code}\`: ${ERROR_CODES[code].meaning}`).join(' '),
        content: { 'application/json': { schema: { $ref: 'Error#' } } },
      },
    ]),
  );
}
