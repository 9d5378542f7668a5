import { createHash } from 'node:crypto';
import {
  MOMENT_HEADER,
  type OwnersPush,
  type PolicyPush,
  policyHash,
  type State,
} from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import type { HttpsCall, HttpsClient, HttpsResponse } from '@checkpoint-warden/kit';
import type { HeldOwner } from '../owners/held-owner.ts';
import { makeState } from './make-state.ts';

type Answer = Partial<Pick<HttpsResponse, 'status' | 'body' | 'headers'>>;

/** An agent that does as an agent should, but for what its script says. */
export interface ScriptedAgent {
  readonly call: HttpsClient;
  state: State;
  owners: readonly HeldOwner[];
  /** Answers in place of the agent: by `GET /v1/state` and the like. `unreachable`: none comes. */
  readonly script: Map<string, Answer | 'unreachable'>;
  /** What it was asked, in order, and that once: `GET /v1/state`. */
  take(): string[];
  readonly policies: PolicyPush[];
  readonly pushes: OwnersPush[];
}

/** @param monotonicMs - of the agent, which its moments are made from */
export function scriptedAgent(monotonicMs: () => number): ScriptedAgent {
  const calls: string[] = [];
  const script = new Map<string, Answer | 'unreachable'>();
  const agent: ScriptedAgent = {
    state: makeState(),
    owners: [],
    script,
    take: () => calls.splice(0),
    policies: [],
    pushes: [],
    async call({ method, url, body, headers }) {
      const { pathname } = new URL(url);
      const name = `${method} ${pathname}`;
      calls.push(name);
      await Promise.resolve();
      const scripted = script.get(name);
      if (scripted === 'unreachable')
        throw new AppError('CW_ERR_UNREACHABLE', `${name}: connection refused`, { retryable: true });
      const answer = { ...(scripted?.status === undefined ? respond(name, body, headers) : {}), ...scripted };
      const status = answer.status ?? 200;
      return { status, etag: answer.headers?.etag, headers: answer.headers ?? {}, body: answer.body };
    },
  };

  function respond(name: string, body: unknown, headers: HttpsCall['headers']): Answer {
    switch (name) {
      case 'GET /v1/state': {
        const etag = `"${createHash('sha256').update(JSON.stringify(agent.state)).digest('hex')}"`;
        const moment = `${agent.state.inventory.instance}/${Math.floor(monotonicMs())}`;
        const known = headers?.['if-none-match'] === etag;
        return {
          status: known ? 304 : 200,
          headers: { etag, [MOMENT_HEADER]: moment },
          body: known ? undefined : agent.state,
        };
      }
      case 'PUT /v1/policy': {
        const { epoch, revision, policy } = body as PolicyPush;
        agent.policies.push(body as PolicyPush);
        const inForce = { source: 'controller' as const, epoch, revision, hash: policyHash(policy) };
        if (!script.has('keep-policy')) agent.state = { ...agent.state, policy: inForce };
        return { body: inForce };
      }
      case 'GET /v1/owners':
        return {
          body: {
            inventory: agent.state.inventory,
            owners: agent.owners.map(({ namespace, pod, container, archives, bytes }) => ({
              namespace,
              pod,
              container,
              podUids: [],
              archives,
              bytes,
            })),
          },
        };
      case 'PUT /v1/owners': {
        const { epoch, revision } = body as OwnersPush;
        agent.pushes.push(body as OwnersPush);
        return { body: { epoch, revision } };
      }
      default:
        return { status: 404 };
    }
  }
  return agent;
}
