import { PolicyInForceSchema, PolicyPushSchema } from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { tellInvalidPolicy } from '../service/invalid-policy.ts';
import { BODY_LIMIT_BYTES, errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';

/** `PUT /v1/policy`: what the node enforces. */
export async function policyRoute(app: HttpServer, { service }: Pick<ApiPorts, 'service'>): Promise<void> {
  app.put(
    '/v1/policy',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      errorHandler: tellInvalidPolicy,
      schema: {
        operationId: 'putPolicy',
        summary: 'Put a compiled policy in force',
        description:
          'The whole policy of the node. It takes effect after it is on disk, and stays in force when the controller is away and over restarts. Repeating a message confirms what is in force and changes nothing else.',
        body: PolicyPushSchema,
        response: {
          200: PolicyInForceSchema,
          ...errorResponses(
            'CW_ERR_REQUEST_INVALID',
            'CW_ERR_POLICY_FROM_FILE',
            'CW_ERR_AGENT_NODE',
            'CW_ERR_STALE_REVISION',
            'CW_ERR_POLICY_INVALID',
            'CW_ERR_STATE_UNWRITABLE',
          ),
        },
      },
    },
    async ({ body }) => service.putPolicy(body),
  );
}
