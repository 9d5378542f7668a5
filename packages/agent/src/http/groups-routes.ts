import {
  GroupsPageSchema,
  GroupsQuerySchema,
  NewestAnswerSchema,
  NewestRequestSchema,
  RemoteArchivesInForceSchema,
  RemoteArchivesPushSchema,
} from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { BODY_LIMIT_BYTES, errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';

/**
 * `GET /v1/groups` and `POST /v1/groups`: what the groups on this node are, and their newest archives.
 * `PUT /v1/remote-archives`: those of the same groups on other nodes.
 */
export async function groupsRoutes(app: HttpServer, { service }: Pick<ApiPorts, 'service'>): Promise<void> {
  app.get(
    '/v1/groups',
    {
      schema: {
        operationId: 'listGroups',
        summary: 'Figures of the groups in which archives of other nodes could matter, paged',
        description:
          'Archives that are pinned, not complete or of an unknown owner are in no group. `groups` of the state tells when to ask again.',
        querystring: GroupsQuerySchema,
        response: { 200: GroupsPageSchema, ...errorResponses('CW_ERR_REQUEST_INVALID', 'CW_ERR_NOT_READY') },
      },
    },
    async ({ query }) => service.listGroups(query),
  );

  app.post(
    '/v1/groups',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        operationId: 'getNewest',
        summary: 'The newest archives of some groups; changes nothing',
        description: 'A group that is not on the node any more, or under another rule by now, is left out.',
        body: NewestRequestSchema,
        response: {
          200: NewestAnswerSchema,
          ...errorResponses('CW_ERR_REQUEST_INVALID', 'CW_ERR_NOT_READY'),
        },
      },
    },
    async ({ body }) => service.newestOf(body),
  );

  app.put(
    '/v1/remote-archives',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        operationId: 'putRemoteArchives',
        summary: 'Say which archives of the same groups lie on other nodes, as a whole',
        description:
          'Replaces all that was said before. Facts, not orders: they are counted where this node has the very rule of the group in force, and deleting stays with the node of each archive. They count until 60 s after the moment that they are as of, less `olderMs`, and are forgotten at a restart; a repetition changes nothing, a poll with the header `checkpoint-warden-confirms` renews them.',
        body: RemoteArchivesPushSchema,
        response: {
          200: RemoteArchivesInForceSchema,
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
    async ({ body }) => service.putRemoteArchives(body),
  );
}
