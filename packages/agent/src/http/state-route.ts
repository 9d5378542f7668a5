import { createHash } from 'node:crypto';
import { type State, StateSchema, toWireTime } from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { Type } from 'typebox';
import { errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';
import { toWireEpoch, toWirePolicyInForce } from './wire-forms.ts';

/** Limits that are named; their number is told in any case. */
const MAX_UNREACHABLE = 100;

type StatePorts = Pick<ApiPorts, 'node' | 'instance' | 'agent' | 'inventory' | 'audit' | 'control'>;

const ConditionalHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'ETag of an earlier answer: 304 without a body while it is still right.' }),
  ),
});

/** `GET /v1/state`: what the controller polls. Its ETag stands for the whole answer, which does not grow with the archives. */
export async function stateRoute(app: HttpServer, ports: StatePorts): Promise<void> {
  app.get(
    '/v1/state',
    {
      schema: {
        operationId: 'getState',
        summary: 'Policy and owner revisions in force, totals, last scan, unreachable limits',
        description: 'Carries an ETag; a poll with If-None-Match is answered 304 while nothing has changed.',
        headers: ConditionalHeaders,
        response: {
          200: StateSchema,
          304: Type.Null({ description: 'Nothing has changed.' }),
          ...errorResponses(),
        },
      },
    },
    async (request, reply) => {
      const state = stateOf(ports);
      const etag = `"${createHash('sha256').update(JSON.stringify(state)).digest('base64url')}"`;
      reply.header('etag', etag);
      return namesEtag(request.headers['if-none-match'], etag) ? reply.code(304).send(null) : state;
    },
  );
}

function stateOf({ node, instance, agent, audit, control }: StatePorts): State {
  const { totals, lastScan, clock, unreachable, ...status } = agent.status();
  return {
    node,
    ready: status.ready,
    policy: toWirePolicyInForce(status.policy),
    ...(control.owners === undefined
      ? {}
      : { owners: { epoch: toWireEpoch(control.owners.epoch), revision: control.owners.revision } }),
    inventory: { instance, revision: status.inventoryRevision },
    archives: {
      count: totals.count,
      bytes: totals.bytes,
      states: totals.states,
      ...(totals.oldestMs === undefined ? {} : { oldestAt: toWireTime(totals.oldestMs) }),
    },
    ...(lastScan === undefined
      ? {}
      : {
          lastScan: {
            finishedAt: toWireTime(lastScan.finishedMs),
            durationMs: Math.round(lastScan.durationMs),
          },
        }),
    auditSeq: audit.lastSeq,
    dueGroups: status.due,
    retrying: status.retrying,
    clock: { trusted: clock.trusted, ...(clock.trusted ? {} : { why: clock.why }) },
    unreachable: { count: unreachable.length, limits: unreachable.slice(0, MAX_UNREACHABLE) },
  };
}

/** Whether an If-None-Match header names an ETag. Weakly compared, as RFC 9110 section 13.1.2 wants it. */
function namesEtag(header: string | undefined, etag: string): boolean {
  const named = header?.split(',').map((each) => each.trim().replace(/^W\//, '')) ?? [];
  return named.includes(etag) || named.includes('*');
}
