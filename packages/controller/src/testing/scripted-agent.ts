import { createHash } from 'node:crypto';
import {
  CONFIRMS_HEADER,
  type Confirmation,
  changedGroups,
  type GroupsPage,
  MOMENT_HEADER,
  type NewestAnswer,
  type NewestRequest,
  type OwnersPush,
  type PolicyPush,
  parseConfirmation,
  policyHash,
  type RemoteArchivesPush,
  type RemoteGroup,
  type State,
} from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import type { HttpsCall, HttpsClient, HttpsResponse } from '@checkpoint-warden/kit';
import type { HeldOwner } from '../owners/held-owner.ts';
import { makeState } from './make-state.ts';

type Answer = Partial<Pick<HttpsResponse, 'status' | 'body' | 'headers'>>;

/** A group that it holds archives of; its version is that of its archives and what is due. */
export type ScriptedGroup = Pick<NewestAnswer['groups'][number], 'group' | 'rule' | 'due' | 'archives'>;

/** An agent that does as an agent should, but for what its script says. */
export interface ScriptedAgent {
  readonly call: HttpsClient;
  state: State;
  owners: readonly HeldOwner[];
  /** What its state says of them follows from them. */
  groups: readonly ScriptedGroup[];
  /** Answers in place of the agent: by `GET /v1/state` and the like. `unreachable`: none comes. */
  readonly script: Map<string, Answer | 'unreachable'>;
  /** Told of each call, such as `GET /v1/state`, before it is answered. */
  onCall: (name: string) => void;
  /** What it was asked, in order, and that once: `GET /v1/state`. */
  take(): string[];
  readonly policies: PolicyPush[];
  readonly pushes: OwnersPush[];
  /** With all groups, also where only changes were sent. */
  readonly remotePushes: RemoteArchivesPush[];
  /** The same as they were sent. */
  readonly remoteMessages: RemoteArchivesPush[];
  /** What its polls confirmed, in order, and that once. */
  takeConfirmations(): Confirmation[];
  /** Starts it again: what it was told of others is forgotten. */
  restart(instance: string): void;
}

/** @param monotonicMs - of the agent, which its moments are made from */
export function scriptedAgent(monotonicMs: () => number): ScriptedAgent {
  const calls: string[] = [];
  const script = new Map<string, Answer | 'unreachable'>();
  const confirmations: Confirmation[] = [];
  let remoteGroups: readonly RemoteGroup[] = [];
  const agent: ScriptedAgent = {
    state: makeState(),
    owners: [],
    groups: [],
    script,
    onCall: () => {},
    take: () => calls.splice(0),
    policies: [],
    pushes: [],
    remotePushes: [],
    remoteMessages: [],
    takeConfirmations: () => confirmations.splice(0),
    restart(instance) {
      const { remoteArchives: _, ...state } = agent.state;
      agent.state = { ...state, inventory: { instance, revision: 1 } };
    },
    async call({ method, url, body, headers }) {
      const { pathname } = new URL(url);
      const name = `${method} ${pathname}`;
      calls.push(name);
      agent.onCall(name);
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
        const state = {
          ...agent.state,
          ...(agent.groups.length === 0 ? {} : { groups: versionOf(agent.groups) }),
        };
        const etag = `"${versionOf(state)}"`;
        const confirmed = parseConfirmation(headers?.[CONFIRMS_HEADER] ?? '');
        if (confirmed !== undefined) confirmations.push(confirmed);
        const moment = `${agent.state.inventory.instance}/${Math.floor(monotonicMs())}`;
        const known = headers?.['if-none-match'] === etag;
        return {
          status: known ? 304 : 200,
          headers: { etag, [MOMENT_HEADER]: moment },
          body: known ? undefined : state,
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
      case 'GET /v1/groups': {
        const groups: GroupsPage['groups'] = agent.groups.map(({ group, rule, due, archives }) => ({
          group,
          rule,
          count: archives.length,
          bytes: archives.reduce((sum, { bytes }) => sum + bytes, 0),
          version: versionOf([archives, due]),
        }));
        return { body: { inventory: agent.state.inventory, version: versionOf(agent.groups), groups } };
      }
      case 'POST /v1/groups': {
        const asked = new Set((body as NewestRequest).groups.map(({ group, rule }) => `${group} ${rule}`));
        const groups = agent.groups
          .filter(({ group, rule }) => asked.has(`${group} ${rule}`))
          .map((each) => ({ ...each, version: versionOf([each.archives, each.due]) }));
        return { body: { inventory: agent.state.inventory, groups } };
      }
      case 'PUT /v1/remote-archives': {
        const push = body as RemoteArchivesPush;
        const { epoch, revision, changes } = push;
        agent.remoteMessages.push(push);
        if (changes !== undefined && changes.of !== agent.state.remoteArchives?.revision)
          return { status: 409, body: { code: 'CW_ERR_STALE_FACTS', message: 'say all' } };
        remoteGroups = changes === undefined ? push.groups : changedGroups(remoteGroups, push);
        agent.remotePushes.push({ ...push, groups: [...remoteGroups] });
        if (!script.has('forget-remote'))
          agent.state = { ...agent.state, remoteArchives: { epoch, revision } };
        return { body: { epoch, revision } };
      }
      default:
        return { status: 404 };
    }
  }
  return agent;
}

function versionOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
