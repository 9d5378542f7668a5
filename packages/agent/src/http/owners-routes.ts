import {
  fromWireTime,
  OwnersInForceSchema,
  type OwnersPage,
  OwnersPageSchema,
  OwnersPushSchema,
  OwnersQuerySchema,
  type WireOwnersInForce,
} from '@checkpoint-warden/api';
import type { HttpServer } from '@checkpoint-warden/kit';
import { type Archive, groupKey } from '@checkpoint-warden/policy';
import { BODY_LIMIT_BYTES, errorResponses } from './api-errors.ts';
import type { ApiPorts } from './api-ports.ts';
import { pageOf } from './page-of.ts';
import { requireControlled } from './require-controlled.ts';
import { requireReady } from './require-ready.ts';
import { fromWireEpoch } from './wire-forms.ts';

type OwnersPorts = Pick<
  ApiPorts,
  'agent' | 'inventory' | 'owners' | 'control' | 'policyFromFile' | 'clock' | 'clockGuard' | 'instance'
>;

/** `GET /v1/owners`: whose archives lie here. `PUT /v1/owners`: which of them are gone. */
export async function ownersRoutes(app: HttpServer, ports: OwnersPorts): Promise<void> {
  const { agent, inventory, owners, control, policyFromFile, clock, clockGuard, instance } = ports;

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
    async (request): Promise<OwnersPage> => {
      requireReady(agent);
      const distinct = ownersOf(inventory.archives());
      const { items, ...rest } = pageOf(distinct, (owner) => groupKey('container', owner), request.query);
      return { inventory: { instance, revision: inventory.revision }, owners: [...items], ...rest };
    },
  );

  app.put(
    '/v1/owners',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        operationId: 'putOwners',
        summary: 'Say which owners are confirmed gone, as a whole',
        description:
          'Replaces all that was said before. An owner that is not named is unknown, which never deletes; on an agent with a policy file all are. It is acted on for 30 s from its receipt and forgotten at a restart; a repetition changes nothing and does not renew it, a newer revision does.',
        body: OwnersPushSchema,
        response: {
          200: OwnersInForceSchema,
          ...errorResponses(
            'CW_ERR_REQUEST_INVALID',
            'CW_ERR_POLICY_FROM_FILE',
            'CW_ERR_STALE_REVISION',
            'CW_ERR_STATE_UNWRITABLE',
          ),
        },
      },
    },
    async (request): Promise<WireOwnersInForce> => {
      requireControlled(policyFromFile);
      const { epoch, revision, sentAt, absent } = request.body;
      const content = JSON.stringify(absent);
      const { isNew } = control.acceptOwners({ epoch: fromWireEpoch(epoch), revision, content });
      clockGuard.compareWith(fromWireTime(sentAt));
      if (isNew) {
        const facts = absent.map(({ absentSince, confirmedAt, ...owner }) => ({
          ...owner,
          goneForMs: fromWireTime(confirmedAt) - fromWireTime(absentSince),
        }));
        owners.replace(facts, clock.monotonicMs());
        request.log.debug({ epoch, revision, absent: facts.length }, 'owner states from the controller');
        agent.rescan();
      }
      return { epoch, revision };
    },
  );
}

type DistinctOwner = OwnersPage['owners'][number];

function ownersOf(archives: readonly Archive[]): DistinctOwner[] {
  const owned = archives.flatMap(({ owner }) => (owner === undefined ? [] : [owner]));
  const byKey = Map.groupBy(owned, (owner) => groupKey('container', owner));
  return [...byKey.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const podUids = new Set(same.flatMap(({ podUid }) => (podUid === undefined ? [] : [podUid])));
    const { namespace, pod, container } = first;
    return [{ namespace, pod, container, podUids: [...podUids].sort(), archives: same.length }];
  });
}
