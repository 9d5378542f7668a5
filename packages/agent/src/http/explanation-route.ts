import {
  ExplanationParamsSchema,
  ExplanationSchema,
  toWireTime,
  type WireExplanation,
} from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import type { HttpServer } from '@checkpoint-warden/kit';
import { type Explanation, explain } from '@checkpoint-warden/policy';
import { requireReady } from '../service/require-ready.ts';
import { toWireArchive, toWireVerdict } from '../service/wire-forms.ts';
import { errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';

/** `GET /v1/archives/{archive}/explanation`: why one archive is kept or deleted. */
export async function explanationRoute(
  app: HttpServer,
  { agent, inventory }: Pick<ApiPorts, 'agent' | 'inventory'>,
): Promise<void> {
  app.get(
    '/v1/archives/:archive/explanation',
    {
      schema: {
        operationId: 'explainArchive',
        summary: 'Why one archive is kept or deleted under the policy in force',
        params: ExplanationParamsSchema,
        response: {
          200: ExplanationSchema,
          ...errorResponses('CW_ERR_REQUEST_INVALID', 'CW_ERR_ARCHIVE_NOT_FOUND', 'CW_ERR_NOT_READY'),
        },
      },
    },
    async ({ params }): Promise<WireExplanation> => {
      requireReady(agent);
      const explanation = explain(agent.planInput(), params.archive);
      if (explanation === undefined) {
        throw new AppError('CW_ERR_ARCHIVE_NOT_FOUND', `there is no archive ${params.archive} here`);
      }
      return toWire(explanation, inventory.get(params.archive)?.why ?? '');
    },
  );
}

function toWire(explanation: Explanation, why: string): WireExplanation {
  const { archive, verdict, orderTimeMs, governing, lost, limits, otherNodes, toChange } = explanation;
  return {
    archive: toWireArchive(archive, why),
    verdict: toWireVerdict(verdict),
    ...(orderTimeMs === undefined ? {} : { countsAs: toWireTime(orderTimeMs) }),
    ...(governing === undefined ? {} : { governing: governing.id }),
    lost: lost.map(({ rule, why: whyLost }) => ({ rule: rule.id, why: whyLost })),
    limits: [...limits],
    otherNodes: [...otherNodes],
    toChange: [...toChange],
  };
}
