import { AppError } from '@checkpoint-warden/errors';
import { pino } from 'pino';
import { Type } from 'typebox';
import { beforeEach, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { collectOpenApi, openApi } from './open-api.ts';

const Body = Type.Object(
  {
    mode: Type.Enum(['Enforce', 'Audit']),
    rules: Type.Array(Type.Object({ keep: Type.Integer() }, { additionalProperties: false })),
  },
  { additionalProperties: false },
);

let lines: string[];
let app: HttpServer;

beforeEach(() => {
  lines = [];
  const destination = { write: (line: string) => lines.push(line) };
  app = createHttpServer({
    log: createLogger({ level: 'info', terminal: false, destination }),
    bodyLimitBytes: 500,
  });
  app.put('/policy', { schema: { body: Body } }, async (request) => request.body);
  app.get(
    '/archives',
    { schema: { querystring: Type.Object({ limit: Type.Integer({ default: 10 }) }) } },
    async (request) => ({
      limit: request.query.limit,
    }),
  );
});

describe('a request that does not match its schema', () => {
  it('gets every problem with its path and what was found', async () => {
    const answer = await app.inject({
      method: 'PUT',
      url: '/policy',
      payload: { mode: 'Delete', rules: [{ keep: '1' }], extra: 1 },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({
      code: 'CW_ERR_REQUEST_INVALID',
      message: 'the request does not match the schema',
      problems: [
        {
          path: 'body.extra',
          message: 'unknown field "extra"',
          found: '1',
          remedy: 'known here: mode, rules',
        },
        {
          path: 'body.mode',
          message: '"Delete" is not one of Enforce, Audit',
          found: '"Delete"',
          remedy: 'write Enforce or Audit',
        },
        {
          path: 'body.rules[0].keep',
          message: '"1" is not a whole number',
          found: '"1"',
          remedy: 'write it without quotes: 1',
        },
      ],
    });
  });

  it('gets at most a hundred problems back', async () => {
    app = createHttpServer({ log: createLogger({ level: 'silent', terminal: false }) });
    app.put('/policy', { schema: { body: Body } }, async (request) => request.body);
    const rules = Array.from({ length: 5_000 }, () => ({ keep: 'x' }));
    const answer = await app.inject({ method: 'PUT', url: '/policy', payload: { mode: 'Audit', rules } });
    expect(answer.json<{ problems: unknown[] }>().problems).toHaveLength(100);
  });

  it.each([
    ['that is not JSON', '{"mode":', 'application/json', 400],
    ['that is too large', JSON.stringify('x'.repeat(600)), 'application/json', 413],
    ['of another content type', 'mode=Audit', 'application/x-www-form-urlencoded', 415],
  ])('answers a body %s with its status and our code', async (_, payload, contentType, status) => {
    const answer = await app.inject({
      method: 'PUT',
      url: '/policy',
      payload,
      headers: { 'content-type': contentType },
    });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([
      status,
      'CW_ERR_REQUEST_INVALID',
    ]);
  });
});

describe('a query', () => {
  it('may write numbers, as all of it is text', async () => {
    expect((await app.inject('/archives?limit=5')).json()).toEqual({ limit: 5 });
    expect((await app.inject('/archives')).json()).toEqual({ limit: 10 });
  });

  it('is refused when a number is none', async () => {
    expect((await app.inject('/archives?limit=five')).statusCode).toBe(400);
  });
});

describe('an error', () => {
  it('answers with the status, code and problems of an AppError', async () => {
    app.get('/stale', async () => {
      throw new AppError('CW_ERR_STALE_REVISION', 'revision 3 is older than 5', {
        problems: [{ path: 'revision', message: 'it is older' }],
      });
    });
    const answer = await app.inject('/stale');
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toEqual({
      code: 'CW_ERR_STALE_REVISION',
      message: 'revision 3 is older than 5',
      problems: [{ path: 'revision', message: 'it is older' }],
    });
    expect(lines).toEqual([]);
  });

  it.each([
    ['a bug', new TypeError('secret path /var/x'), 'CW_ERR_INTERNAL'],
    ['a 5xx code', new AppError('CW_ERR_STATE_UNWRITABLE', 'secret path /var/x'), 'CW_ERR_STATE_UNWRITABLE'],
  ])('hides the message of %s and logs it once', async (_, error, code) => {
    app.get('/fails', async () => {
      throw error;
    });
    const answer = await app.inject('/fails');
    expect(answer.statusCode).toBe(500);
    expect(answer.json<{ code: string }>().code).toBe(code);
    expect(answer.body).not.toContain('secret');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('secret path');
  });

  it('does not log that something is not ready yet, which probes ask again and again', async () => {
    app.get('/readyz', async () => {
      throw new AppError('CW_ERR_NOT_READY', 'first scan under way');
    });
    expect((await app.inject('/readyz')).statusCode).toBe(503);
    expect(lines).toEqual([]);
  });

  it('answers an unknown path with a code', async () => {
    const answer = await app.inject('/nothing');
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([404, 'CW_ERR_NOT_FOUND']);
  });
});

describe('openApi', () => {
  it('describes the routes from their schemas, with the error body by name', async () => {
    const documented = createHttpServer({ log: pino({ level: 'silent' }) });
    await collectOpenApi(documented, { title: 'test', version: 'v1', description: 'A test' });
    documented.put(
      '/policy',
      { schema: { body: Body, response: { 409: { $ref: 'Error#' } } } },
      async () => ({}),
    );
    const document = await openApi(documented);
    expect(document).toMatchObject({
      openapi: '3.1.0',
      paths: {
        '/policy': {
          put: {
            responses: {
              409: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
            },
          },
        },
      },
      components: { schemas: { Error: { required: ['code', 'message'] } } },
    });
  });
});
