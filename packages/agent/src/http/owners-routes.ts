import {
  OwnersInForceSchema,
  OwnersPageSchema,
  OwnersPushSchema,
  OwnersQuerySchema,
} from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { BODY_LIMIT_BYTES, errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';

/** `GET /v1/owners`: whose archives lie here. `PUT /v1/owners`: which of them are gone. */
export async function ownersRoutes(app: HttpServer, { service }: Pick<ApiPorts, 'service'>): Promise<void> {
  app.get(
    '/v1/owners',
    {
      schema: {
        operationId: 'listOwners',
        summary: 'Distinct owners of the archives on the node, paged',
        description: 'Archives whose owner is not known are left out.',
        querystring: OwnersQuerySchema,
        response: { 200: OwnersPageSchema, ...errorResponses('CW_ERR_REQUEST_INVALID', 'CW_ERR_NOT_READY') },
      },
    },
    async ({ query }) => service.listOwners(query),
  );

  app.put(
    '/v1/owners',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        operationId: 'putOwners',
        summary: 'Say which owners are confirmed gone, as a whole',
        description:
          'Replaces all that was said before. An owner that is not named is unknown, which never deletes; on an agent with a policy file all are. It is acted on until 30 s after the moment that it is as of and forgotten at a restart; a repetition changes nothing, a newer revision with a later moment renews it.',
        body: OwnersPushSchema,
        response: {
          200: OwnersInForceSchema,
          ...errorResponses(
            'CW_ERR_REQUEST_INVALID',
            'CW_ERR_POLICY_FROM_FILE',
            'CW_ERR_AGENT_NODE',
            'CW_ERR_STALE_FACTS',
            'CW_ERR_STALE_REVISION',
            'CW_ERR_STATE_UNWRITABLE',
          ),
        },
      },
    },
    async ({ body }) => service.putOwners(body),
  );
}
