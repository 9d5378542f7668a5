import {
  type PlanQuery,
  PlanQuerySchema,
  PlanRequestSchema,
  type PlanResponse,
  PlanResponseSchema,
  policyHash,
  toWireTime,
} from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { type PlanSummary, type Policy, planRetention, summarizePlan } from '@checkpoint-warden/policy';
import { unreachableHere } from '../pass/unreachable-limits.ts';
import { tellInvalidPolicy } from '../service/invalid-policy.ts';
import { pageOf } from '../service/page-of.ts';
import { requireReady } from '../service/require-ready.ts';
import { toWireVerdict } from '../service/wire-forms.ts';
import { BODY_LIMIT_BYTES, errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';

type PlanPorts = Pick<ApiPorts, 'agent' | 'inventory' | 'instance'>;

/** `GET /v1/plan` and `POST /v1/plan`: dry runs on what is really there. */
export async function planRoutes(app: HttpServer, ports: PlanPorts): Promise<void> {
  app.get(
    '/v1/plan',
    {
      schema: {
        operationId: 'getPlan',
        summary: 'Every verdict under the policy in force, paged',
        description: 'What a pass would decide now: count and size limits act in groups with an arrival.',
        querystring: PlanQuerySchema,
        response: {
          200: PlanResponseSchema,
          ...errorResponses('CW_ERR_REQUEST_INVALID', 'CW_ERR_NOT_READY'),
        },
      },
    },
    async ({ query }): Promise<PlanResponse> => planOf(ports, undefined, query),
  );

  app.post(
    '/v1/plan',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      errorHandler: tellInvalidPolicy,
      schema: {
        operationId: 'tryPolicy',
        summary: 'Every verdict under a candidate policy, paged; changes nothing',
        description:
          'Count and size limits act in all groups, as they would once something has arrived in each. Of other nodes those archives count that do now: as many as the limits in force look at.',
        querystring: PlanQuerySchema,
        body: PlanRequestSchema,
        response: {
          200: PlanResponseSchema,
          ...errorResponses('CW_ERR_REQUEST_INVALID', 'CW_ERR_POLICY_INVALID', 'CW_ERR_NOT_READY'),
        },
      },
    },
    async ({ query, body }): Promise<PlanResponse> => planOf(ports, body.policy, query),
  );
}

function planOf(
  { agent, inventory, instance }: PlanPorts,
  candidate: Policy | undefined,
  { action, ...page }: PlanQuery,
): PlanResponse {
  requireReady(agent);
  const input = agent.planInput(candidate);
  const plan = planRetention(input);
  const wanted = plan.verdicts.filter((verdict) => action === undefined || verdict.action === action);
  const { items, ...rest } = pageOf(wanted, ({ archive }) => archive.name, page);
  const { total, namespaces } = summarizePlan(plan);
  return {
    inventory: { instance, revision: inventory.revision },
    plannedAt: toWireTime(input.nowMs),
    policyHash: policyHash(input.policy),
    verdicts: items.map(toWireVerdict),
    ...rest,
    summary: {
      total: toWireSums(total),
      namespaces: Array.from(namespaces, ([namespace, sums]) => ({ namespace, ...toWireSums(sums) })),
    },
    unreachable: [...unreachableHere(plan)],
    otherNodes: [...new Set(input.remote?.map(({ node }) => node))].sort(),
  };
}

/** Named one by one, so that what the planner adds is no silent change of the API. */
function toWireSums({ keep, delete: deleted, audit }: PlanSummary): PlanResponse['summary']['total'] {
  return { keep, delete: deleted, audit };
}
