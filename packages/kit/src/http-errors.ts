import { AppError, ERROR_CODES, type ErrorCode, isAppError, type Problem } from '@checkpoint-warden/errors';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';

/** How every call that fails answers. */
export const ErrorBody = Type.Object(
  {
    code: Type.String({
      description: 'One of the codes in docs/reference/errors.md; never changes its meaning',
    }),
    message: Type.String({ description: 'For people' }),
    problems: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String(),
          message: Type.String(),
          found: Type.Optional(Type.String()),
          remedy: Type.Optional(Type.String()),
        }),
      ),
    ),
  },
  { $id: 'Error', description: 'What went wrong' },
);
export type ErrorBody = Static<typeof ErrorBody>;

/** More problems than this help nobody, and a hostile body can have any number. */
const MAX_PROBLEMS = 100;

/** What a call that fails is answered. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
}

/** The answer to an error: an {@link AppError} has the status of its code and its problems. Messages of 5xx stay in the log. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const { status, code, message, problems } = describe(error);
  const body = { code, message: status >= 500 ? ERROR_CODES[code].meaning : message };
  if (problems.length === 0 || status >= 500) return { status, body };
  return { status, body: { ...body, problems: problems.slice(0, MAX_PROBLEMS) } };
}

/**
 * The one error handler, see {@link errorAnswer}. What goes wrong here is logged once; 503 is a state and not an event,
 * whoever is in it says so when it begins.
 */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, body } = errorAnswer(error);
  const facts = { err: error, method: request.method, path: request.routeOptions.url ?? request.url };
  if (status >= 500 && status !== 503) request.log.error(facts, 'request failed');
  else request.log.debug(facts, 'request refused');
  return reply.code(status).send(body);
}

interface Described {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly problems: readonly Problem[];
}

function describe(error: unknown): Described {
  if (isAppError(error)) {
    return {
      status: ERROR_CODES[error.code].status,
      code: error.code,
      message: error.message,
      problems: error.problems,
    };
  }
  const { statusCode, message } = error as Partial<FastifyError>;
  // What Fastify itself refuses: a body that is too large, not JSON or of another content type.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: 'CW_ERR_REQUEST_INVALID', message: message ?? '', problems: [] };
  }
  return { status: 500, code: 'CW_ERR_INTERNAL', message: '', problems: [] };
}

/** Answers paths that do not exist. */
export function handleNotFound(request: FastifyRequest): never {
  throw new AppError('CW_ERR_NOT_FOUND', `there is no ${request.method} ${request.url}`);
}
