import { collectProblems } from '@checkpoint-warden/api';
import {
  createHttpServer,
  createLogger,
  type HttpServer,
  type MutualTls,
  systemClock,
} from '@checkpoint-warden/kit';
import type { TSchema } from 'typebox';
import type { AssembledAgent } from '../assemble-agent.ts';
import { agentApi } from '../http/agent-api.ts';
import { openControlState } from '../policy/control-state.ts';
import type { Sandbox } from './agent-rig.ts';

/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at is checked by its expectation
  readonly body: any;
}

/** The API of an agent, called without a socket. */
export interface ApiRig {
  readonly app: HttpServer;
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  put(url: string, body: unknown): Promise<Answer>;
  post(url: string, body: unknown): Promise<Answer>;
}

/** Puts the real API on an assembled agent, as after a start on the sandbox's state directory. */
export async function makeApi(
  { agent, inventory, owners, audit, clockGuard, damage }: AssembledAgent,
  { stateDir }: Pick<Sandbox, 'stateDir'>,
  { policyFromFile = false, tls }: { readonly policyFromFile?: boolean; readonly tls?: MutualTls } = {},
): Promise<ApiRig> {
  const log = createLogger({ level: 'silent', terminal: false });
  const app = createHttpServer({ log, ...(tls === undefined ? {} : { tls }) });
  const control = openControlState(stateDir, damage);
  const ports = { agent, inventory, owners, audit, control, policyFromFile, clockGuard, clock: systemClock };
  await app.register(agentApi, { ...ports, node: 'node-1', instance: 'first-start' });

  const call = async (options: {
    readonly method: 'GET' | 'PUT' | 'POST';
    readonly url: string;
    readonly payload?: object;
    readonly headers?: Record<string, string>;
  }): Promise<Answer> => {
    const answer = await app.inject(options);
    return {
      status: answer.statusCode,
      etag: answer.headers.etag as string | undefined,
      body: answer.body === '' ? undefined : answer.json(),
    };
  };
  return {
    app,
    get: (url, headers = {}) => call({ method: 'GET', url, headers: { ...headers } }),
    put: (url, body) => call({ method: 'PUT', url, payload: body as object }),
    post: (url, body) => call({ method: 'POST', url, payload: body as object }),
  };
}

/** What is wrong with an answer by its schema, as text. */
export function schemaProblems(schema: TSchema, { body }: Answer): string[] {
  return collectProblems(schema, body).map(({ path, message }) => `${path}: ${message}`);
}

/** The code of an answer that is an error, with its status. */
export function errorOf({ status, body }: Answer): string {
  return `${status} ${body?.code}`;
}

const EPOCH = { leaseCreated: '2026-01-01T00:00:00.000Z', leaseTransitions: 3 };

/** What a message of the controller says about itself, sent just now. */
export function message(revision: number, epoch: Partial<typeof EPOCH> = {}) {
  return { epoch: { ...EPOCH, ...epoch }, revision, sentAt: new Date().toISOString() };
}
