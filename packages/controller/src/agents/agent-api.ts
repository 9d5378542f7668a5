import {
  type Check,
  checkOf,
  MOMENT_HEADER,
  OwnersInForceSchema,
  type OwnersPage,
  OwnersPageSchema,
  type OwnersPush,
  PolicyInForceSchema,
  type PolicyPush,
  type State,
  StateSchema,
  type WirePolicyInForce,
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

/**
 * The calls to one agent. Every answer is held to its schema.
 *
 * @throws AppError `CW_ERR_UNREACHABLE` without a complete answer, `CW_ERR_AGENT_ANSWER` for one that makes no sense, else the
 * code that the agent refused with
 */
export interface AgentApi {
  poll(etag: string | undefined, signal: AbortSignal): Promise<Polled>;
  /** @returns what is in force then */
  putPolicy(push: PolicyPush, signal: AbortSignal): Promise<WirePolicyInForce>;
  getOwners(signal: AbortSignal): Promise<AgentOwners>;
  putOwners(push: OwnersPush, signal: AbortSignal): Promise<void>;
}

/** Of the agent's API: large enough for few round trips, small enough for its answer limit. */
const PAGE_SIZE = 5_000;
const MAX_PAGES = 100;

const stateProblems = checkOf(StateSchema);
const policyProblems = checkOf(PolicyInForceSchema);
const ownersPageProblems = checkOf(OwnersPageSchema);
const ownersProblems = checkOf(OwnersInForceSchema);

export function createAgentApi(call: HttpsClient, url: string): AgentApi {
  return {
    async poll(etag, signal) {
      const headers = etag === undefined ? {} : { 'if-none-match': etag };
      const answer = await call({ method: 'GET', url: `${url}/v1/state`, headers, signal });
      const moment = answer.headers[MOMENT_HEADER];
      if (answer.status === 304 && etag !== undefined) return { state: undefined, etag, moment };
      return { state: read<State>(stateProblems, answer, url), etag: answer.etag, moment };
    },
    async putPolicy(body, signal) {
      return read<WirePolicyInForce>(
        policyProblems,
        await call({ method: 'PUT', url: `${url}/v1/policy`, body, signal }),
        url,
      );
    },
    async getOwners(signal) {
      const owners: OwnersPage['owners'] = [];
      let after: string | undefined;
      let inventory: OwnersPage['inventory'] | undefined;
      for (let page = 0; page < MAX_PAGES; page++) {
        const query = `limit=${PAGE_SIZE}${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`;
        const answer = await call({ method: 'GET', url: `${url}/v1/owners?${query}`, signal });
        const answered = read<OwnersPage>(ownersPageProblems, answer, url);
        // The version of the first page: what has changed since is then fetched again.
        inventory ??= answered.inventory;
        owners.push(...answered.owners);
        after = answered.next;
        if (after === undefined) return { inventory, owners };
      }
      throw nonsense(url, `more than ${MAX_PAGES} pages of owners`);
    },
    async putOwners(body, signal) {
      read(ownersProblems, await call({ method: 'PUT', url: `${url}/v1/owners`, body, signal }), url);
    },
  };
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
