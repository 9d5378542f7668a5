import {
  CONFIRMS_HEADER,
  type GroupsQuery,
  GroupsQuerySchema,
  MOMENT_HEADER,
  type NewestRequest,
  NewestRequestSchema,
  type OwnersPush,
  OwnersPushSchema,
  type OwnersQuery,
  OwnersQuerySchema,
  type PolicyPush,
  PolicyPushSchema,
  type RemoteArchivesPush,
  RemoteArchivesPushSchema,
} from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import { errorAnswer, validateRequest } from '@checkpoint-warden/kit';
import type { AgentService } from '../service/agent-service.ts';
import { tellInvalidPolicy } from '../service/invalid-policy.ts';
import { namesEtag } from '../service/names-etag.ts';

/** A call of the agent's API, as an HTTPS client makes it. */
export interface ServiceCall {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** By name in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What it is answered. */
export interface ServiceAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const readPolicyPush = validateRequest({ schema: PolicyPushSchema });
const readOwnersPush = validateRequest({ schema: OwnersPushSchema });
const readRemoteArchivesPush = validateRequest({ schema: RemoteArchivesPushSchema });
const readNewestRequest = validateRequest({ schema: NewestRequestSchema });
const readGroupsQuery = validateRequest({ schema: GroupsQuerySchema, httpPart: 'querystring' });
const readOwnersQuery = validateRequest({ schema: OwnersQuerySchema, httpPart: 'querystring' });

/**
 * Calls a service as over HTTP but without any: a request is held to its schema, an error has its status and body, and both
 * sides share no object.
 */
export function callService(service: AgentService, { body, ...call }: ServiceCall): ServiceAnswer {
  try {
    return overTheWire(answer(service, { ...call, body: overTheWire(body) }));
  } catch (error) {
    const { status, body: problem } = errorAnswer(error);
    return overTheWire({ status, headers: {}, body: problem });
  }
}

function answer(service: AgentService, { method, path, body, headers = {} }: ServiceCall): ServiceAnswer {
  const { pathname, searchParams } = new URL(path, 'https://agent.invalid');
  switch (`${method} ${pathname}`) {
    case 'GET /v1/state': {
      const { state, etag, moment } = service.state(headers[CONFIRMS_HEADER]);
      const isKnown = namesEtag(headers['if-none-match'], etag);
      return {
        status: isKnown ? 304 : 200,
        headers: { etag, [MOMENT_HEADER]: moment },
        body: isKnown ? undefined : state,
      };
    }
    case 'PUT /v1/policy':
      return ok(service.putPolicy(read(readPolicyPush, body, tellInvalidPolicy) as PolicyPush));
    case 'GET /v1/owners':
      return ok(service.listOwners(read(readOwnersQuery, Object.fromEntries(searchParams)) as OwnersQuery));
    case 'PUT /v1/owners':
      return ok(service.putOwners(read(readOwnersPush, body) as OwnersPush));
    case 'GET /v1/groups':
      return ok(service.listGroups(read(readGroupsQuery, Object.fromEntries(searchParams)) as GroupsQuery));
    case 'POST /v1/groups':
      return ok(service.newestOf(read(readNewestRequest, body) as NewestRequest));
    case 'PUT /v1/remote-archives':
      return ok(service.putRemoteArchives(read(readRemoteArchivesPush, body) as RemoteArchivesPush));
    default:
      throw new AppError('CW_ERR_NOT_FOUND', `there is no ${method} ${path}`);
  }
}

function ok(body: unknown): ServiceAnswer {
  return { status: 200, headers: {}, body };
}

function read(
  validate: ReturnType<typeof validateRequest>,
  sent: unknown,
  onError: (error: AppError) => never = (error) => {
    throw error;
  },
): unknown {
  const result = validate(sent);
  return 'error' in result ? onError(result.error) : result.value;
}

function overTheWire<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}
