import {
  fromWireTime,
  PolicyInForceSchema,
  PolicyPushSchema,
  type WirePolicyInForce,
} from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { BODY_LIMIT_BYTES, errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';
import { tellInvalidPolicy } from './invalid-policy.ts';
import { requireControlled } from './require-controlled.ts';
import { fromWireEpoch, toWirePolicyInForce } from './wire-forms.ts';

/** `PUT /v1/policy`: puts a policy in force once it is on disk, and only one that is newer than any before (safety rule 8). */
export async function policyRoute(
  app: HttpServer,
  {
    agent,
    control,
    clockGuard,
    policyFromFile,
  }: Pick<ApiPorts, 'agent' | 'control' | 'clockGuard' | 'policyFromFile'>,
): Promise<void> {
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
            'CW_ERR_STALE_REVISION',
            'CW_ERR_POLICY_INVALID',
            'CW_ERR_STATE_UNWRITABLE',
          ),
        },
      },
    },
    async (request): Promise<WirePolicyInForce> => {
      requireControlled(policyFromFile);
      const { epoch, revision, sentAt, policy } = request.body;
      const accepted = control.acceptPolicy({ epoch: fromWireEpoch(epoch), revision, policy });
      clockGuard.compareWith(fromWireTime(sentAt));
      if (accepted.isNew) {
        const { hash } = accepted.policy;
        request.log.info({ epoch, revision, hash, rules: policy.rules.length }, 'policy from the controller');
        agent.enforce(accepted.policy);
      } else {
        agent.confirmPolicy();
      }
      return toWirePolicyInForce(accepted.policy);
    },
  );
}
