import { CONFIRMS_HEADER, MOMENT_HEADER, StateSchema } from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { Type } from 'typebox';
import { namesEtag } from '../service/names-etag.ts';
import { errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';

const PollHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'ETag of an earlier answer: 304 without a body while it is still right.' }),
  ),
  [CONFIRMS_HEADER]: Type.Optional(
    Type.String({
      description:
        '`<lease created, Unix ms>.<lease transitions>/<revision> <moment> <older, ms>`: what `PUT /v1/remote-archives` told with that epoch and revision is still right as of that moment, less so many milliseconds.',
    }),
  ),
});

/** `GET /v1/state`: what the controller polls. */
export async function stateRoute(app: HttpServer, { service }: Pick<ApiPorts, 'service'>): Promise<void> {
  app.get(
    '/v1/state',
    {
      schema: {
        operationId: 'getState',
        summary: 'Policy and owner revisions in force, totals, last scan, unreachable limits',
        description:
          'Carries an ETag; a poll with If-None-Match is answered 304 while nothing has changed. Every answer, 304 too, names its moment in the header `checkpoint-warden-moment`. With the header `checkpoint-warden-confirms` the archives of other nodes that were told before count for longer.',
        headers: PollHeaders,
        response: {
          200: StateSchema,
          304: Type.Null({ description: 'Nothing has changed.' }),
          ...errorResponses(),
        },
      },
    },
    async (request, reply) => {
      const confirms = request.headers[CONFIRMS_HEADER];
      const { state, etag, moment } = service.state(confirms);
      reply.header('etag', etag).header(MOMENT_HEADER, moment);
      return namesEtag(request.headers['if-none-match'], etag) ? reply.code(304).send(null) : state;
    },
  );
}
