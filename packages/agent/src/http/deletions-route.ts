import { type DeletionsPage, DeletionsPageSchema, DeletionsQuerySchema } from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';

/** `GET /v1/deletions`: the audit log. */
export async function deletionsRoute(app: HttpServer, { audit }: Pick<ApiPorts, 'audit'>): Promise<void> {
  app.get(
    '/v1/deletions',
    {
      schema: {
        operationId: 'listDeletions',
        summary: 'The audit log from a sequence number on',
        description: 'Every deletion has an intent, written before it, and an outcome, written after it.',
        querystring: DeletionsQuerySchema,
        response: { 200: DeletionsPageSchema, ...errorResponses('CW_ERR_REQUEST_INVALID') },
      },
    },
    async ({ query }): Promise<DeletionsPage> => {
      const entries = audit.read(query);
      const last = entries.at(-1);
      const isFull = entries.length === query.limit;
      return { entries: [...entries], ...(isFull && last !== undefined ? { next: last.seq } : {}) };
    },
  );
}
