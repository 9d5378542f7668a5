import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
  fastify,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import { ErrorBody, handleError, handleNotFound } from './http-errors.ts';
import type { Logger } from './logger.ts';
import { type MutualTls, requireMutualTls, serverTlsOptions } from './mutual-tls.ts';
import { validateRequest } from './validate-request.ts';

/** A Fastify app whose routes take their types from TypeBox schemas. */
export type HttpServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** How an {@link HttpServer} is made. */
export interface HttpServerOptions {
  readonly log: Logger;
  /** HTTPS with mutual TLS; plain HTTP without. */
  readonly tls?: MutualTls;
  /** Largest request body in bytes. */
  readonly bodyLimitBytes?: number;
}

/** Time to send a whole request, in ms: slow ones are for attackers. */
const REQUEST_TIMEOUT_MS = 30_000;
/** The longest file name, with every character percent-encoded. Fastify's own limit is 100. */
const MAX_PARAM_LENGTH = 3 * 255;
/** Longer than any caller's pause between two calls, so that connections are kept. In ms. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * What becomes of schemas. Given to Fastify when it starts, and not set later, so that it does not load its own compilers: Ajv
 * and fast-json-stringify take 4 MB. Answers have the types of their schemas at compile time and need no second check.
 */
const SCHEMA_COMPILERS = {
  buildValidator: () => validateRequest,
  buildSerializer: () => () => (answer: unknown) => JSON.stringify(answer),
};

/**
 * Makes an HTTP(S) server without routes: errors as {@link ErrorBody}, requests held strictly to their schemas, bounded in
 * size and time. Nothing listens until {@link listen}; tests use `inject()` and no sockets.
 */
export function createHttpServer({ log, tls, bodyLimitBytes = 1024 * 1024 }: HttpServerOptions): HttpServer {
  const options = {
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Its type knows validators of Ajv only.
    schemaController: { compilersFactory: SCHEMA_COMPILERS as object },
    // While stopping, requests on open connections are still answered, each with `connection: close` (see listen.ts).
    return503OnClosing: false,
    ...(tls === undefined ? {} : { https: serverTlsOptions(tls.files.current()) }),
  } satisfies FastifyServerOptions & { https?: object };
  // With `https` Fastify's types name another server class; all that is used of it is common to both.
  const app = (fastify(options as FastifyServerOptions) as unknown as HttpServer)
    .setErrorHandler(handleError)
    .setNotFoundHandler(handleNotFound);
  app.addSchema(ErrorBody);
  if (tls !== undefined) requireMutualTls(app, tls);
  return app;
}
