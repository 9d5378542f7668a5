import {
  type ArchivesPage,
  ArchivesPageSchema,
  type ArchivesQuery,
  ArchivesQuerySchema,
} from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import type { Archive } from '@checkpoint-warden/policy';
import { pageOf } from '../service/page-of.ts';
import { requireReady } from '../service/require-ready.ts';
import { toWireArchive, wireStateOf } from '../service/wire-forms.ts';
import { errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';

/** `GET /v1/archives`: the inventory. */
export async function archivesRoute(
  app: HttpServer,
  { agent, inventory, instance }: Pick<ApiPorts, 'agent' | 'inventory' | 'instance'>,
): Promise<void> {
  app.get(
    '/v1/archives',
    {
      schema: {
        operationId: 'listArchives',
        summary: 'The archives on the node, filtered and paged',
        querystring: ArchivesQuerySchema,
        response: {
          200: ArchivesPageSchema,
          ...errorResponses('CW_ERR_REQUEST_INVALID', 'CW_ERR_NOT_READY'),
        },
      },
    },
    async ({ query }): Promise<ArchivesPage> => {
      requireReady(agent);
      const wanted = inventory.archives().filter((archive) => matches(archive, query));
      const { items, ...rest } = pageOf(wanted, ({ name }) => name, query);
      return {
        inventory: { instance, revision: inventory.revision },
        archives: items.map((archive) => toWireArchive(archive, inventory.get(archive.name)?.why ?? '')),
        ...rest,
      };
    },
  );
}

function matches(archive: Archive, { namespace, pod, container, state, pinned }: ArchivesQuery): boolean {
  const { owner } = archive;
  return (
    (namespace === undefined || owner?.namespace === namespace) &&
    (pod === undefined || owner?.pod === pod) &&
    (container === undefined || owner?.container === container) &&
    (state === undefined || wireStateOf(archive) === state) &&
    (pinned === undefined || archive.pinned === pinned)
  );
}
