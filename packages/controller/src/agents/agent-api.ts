import {
  type Check,
  CONFIRMS_HEADER,
  checkOf,
  type GroupsPage,
  GroupsPageSchema,
  MOMENT_HEADER,
  type NewestAnswer,
  NewestAnswerSchema,
  type NewestRequest,
  OwnersInForceSchema,
  type OwnersPage,
  OwnersPageSchema,
  type OwnersPush,
  PolicyInForceSchema,
  type PolicyPush,
  RemoteArchivesInForceSchema,
  type RemoteArchivesPush,
  type State,
  StateSchema,
  type WirePolicyInForce,
  type WireRemoteArchivesInForce,
} from '@checkpoint-warden/api';
import { AppError, ERROR_CODES, type ErrorCode } from '@checkpoint-warden/errors';
import type { HttpsClient, HttpsResponse } from '@checkpoint-warden/kit';

/** An answer to a poll. */
export interface Polled {
  /** `undefined`: as it was at the ETag that was sent. */
  readonly state: State | undefined;
  readonly etag: string | undefined;
  /** By the agent's own monotonic clock; what owner facts are as of. `undefined` from one that does not tell it. */
  readonly moment: string | undefined;
}

export interface AgentOwners {
  readonly inventory: OwnersPage['inventory'];
  readonly owners: OwnersPage['owners'];
}

export interface AgentGroups {
  readonly inventory: GroupsPage['inventory'];
  /** As of the first page. */
  readonly version: string;
  readonly groups: GroupsPage['groups'];
  /** Whether all pages are as of one version. */
  readonly isWhole: boolean;
}

/**
 * The calls to one agent. Every answer is held to its schema.
 *
 * @throws AppError `CW_ERR_UNREACHABLE` without a complete answer, `CW_ERR_AGENT_ANSWER` for one that makes no sense, else the
 * code that the agent refused with
 */
export interface AgentApi {
  /** @param confirms - as `formatConfirmation` makes it: what the agent was told before is still right */
  poll(etag: string | undefined, confirms: string | undefined, signal: AbortSignal): Promise<Polled>;
  /** @returns what is in force then */
  putPolicy(push: PolicyPush, signal: AbortSignal): Promise<WirePolicyInForce>;
  getOwners(signal: AbortSignal): Promise<AgentOwners>;
  putOwners(push: OwnersPush, signal: AbortSignal): Promise<void>;
  getGroups(signal: AbortSignal): Promise<AgentGroups>;
  postGroups(request: NewestRequest, signal: AbortSignal): Promise<NewestAnswer>;
  /** @returns the last word that it has then */
  putRemoteArchives(push: RemoteArchivesPush, signal: AbortSignal): Promise<WireRemoteArchivesInForce>;
}

/** Of the agent's API: large enough for few round trips, small enough for its answer limit. */
const PAGE_SIZE = 5_000;
const MAX_PAGES = 100;

const stateProblems = checkOf(StateSchema);
const policyProblems = checkOf(PolicyInForceSchema);
const ownersPageProblems = checkOf(OwnersPageSchema);
const ownersProblems = checkOf(OwnersInForceSchema);
const groupsPageProblems = checkOf(GroupsPageSchema);
const newestProblems = checkOf(NewestAnswerSchema);
const remoteArchivesProblems = checkOf(RemoteArchivesInForceSchema);

export function createAgentApi(call: HttpsClient, url: string): AgentApi {
  return {
    async poll(etag, confirms, signal) {
      const headers = {
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
        ...(confirms === undefined ? {} : { [CONFIRMS_HEADER]: confirms }),
      };
      const answer = await call({ method: 'GET', url: `${url}/v1/state`, headers, signal });
      const moment = answer.headers[MOMENT_HEADER];
      if (answer.status === 304 && etag !== undefined) return { state: undefined, etag, moment };
      return { state: read<State>(stateProblems, answer, url), etag: answer.etag, moment };
    },
    async putPolicy(body, signal) {
      return read<WirePolicyInForce>(
        policyProblems,
        await call({ method: 'PUT', url: `${url}/v1/policy`, body, shared: 'policy', signal }),
        url,
      );
    },
    async getOwners(signal) {
      const pages = await readPages<OwnersPage>(call, `${url}/v1/owners`, ownersPageProblems, signal);
      // The version of the first page: what has changed since is then fetched again.
      return { inventory: pages[0].inventory, owners: pages.flatMap(({ owners }) => owners) };
    },
    async putOwners(body, signal) {
      read(ownersProblems, await call({ method: 'PUT', url: `${url}/v1/owners`, body, signal }), url);
    },
    async getGroups(signal) {
      const pages = await readPages<GroupsPage>(call, `${url}/v1/groups`, groupsPageProblems, signal);
      const [{ inventory, version }] = pages;
      return {
        inventory,
        version,
        groups: pages.flatMap(({ groups }) => groups),
        isWhole: pages.every((page) => page.version === version),
      };
    },
    async postGroups(body, signal) {
      const answer = await call({ method: 'POST', url: `${url}/v1/groups`, body, signal });
      return read<NewestAnswer>(newestProblems, answer, url);
    },
    async putRemoteArchives(body, signal) {
      const answer = await call({ method: 'PUT', url: `${url}/v1/remote-archives`, body, signal });
      return read<WireRemoteArchivesInForce>(remoteArchivesProblems, answer, url);
    },
  };
}

async function readPages<P extends { readonly next?: string }>(
  call: HttpsClient,
  url: string,
  problems: Check,
  signal: AbortSignal,
): Promise<[P, ...P[]]> {
  const page = async (after?: string): Promise<P> => {
    const query = `limit=${PAGE_SIZE}${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`;
    return read<P>(problems, await call({ method: 'GET', url: `${url}?${query}`, signal }), url);
  };
  const first = await page();
  const pages: [P, ...P[]] = [first];
  for (let { next } = first; next !== undefined; ) {
    if (pages.length === MAX_PAGES) throw nonsense(url, `more than ${MAX_PAGES} pages`);
    const another = await page(next);
    pages.push(another);
    next = another.next;
  }
  return pages;
}

function read<T>(problems: Check, { status, body }: HttpsResponse, url: string): T {
  if (status !== 200) throw refusal(status, body, url);
  const [problem] = problems(body);
  if (problem !== undefined) throw nonsense(url, `${problem.path}: ${problem.message}`);
  return body as T;
}

function refusal(status: number, body: unknown, url: string): AppError {
  const { code, message } = (body ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CODES, code))
    return nonsense(url, `HTTP status ${status}`);
  return new AppError(code as ErrorCode, `${url} answered ${status}: ${String(message)}`, {
    retryable: status >= 500,
  });
}

function nonsense(url: string, what: string): AppError {
  return new AppError('CW_ERR_AGENT_ANSWER', `${url} does not answer like an agent of this version: ${what}`);
}
