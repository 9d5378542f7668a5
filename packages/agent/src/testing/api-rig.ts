import { collectProblems, formatMoment, MOMENT_HEADER, type Moment } from '@checkpoint-warden/api';
import {
  type Clock,
  createHttpServer,
  createLogger,
  type HttpServer,
  type MutualTls,
  systemClock,
} from '@checkpoint-warden/kit';
import type { TSchema } from 'typebox';
import type { AssembledAgent } from '../assemble-agent.ts';
import { agentApi } from '../http/agent-api.ts';
import { controlFiles, openControlState } from '../policy/control-state.ts';
import { createAgentService } from '../service/agent-service.ts';
import type { Sandbox } from './agent-rig.ts';

/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  /** The header that names it. */
  readonly moment: string | undefined;
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

/** Of an agent that runs for the first time. */
const INSTANCE = 'first-start';

export interface ApiOptions {
  readonly policyFromFile?: boolean;
  readonly tls?: MutualTls;
  /** Another one after a restart. */
  readonly instance?: string;
  readonly clock?: Clock;
}

/** Puts the real API on an assembled agent, as after a start on the sandbox's state directory. */
export async function makeApi(
  assembled: AssembledAgent,
  { stateDir }: Pick<Sandbox, 'stateDir'>,
  { policyFromFile = false, tls, instance = INSTANCE, clock = systemClock }: ApiOptions = {},
): Promise<ApiRig> {
  const log = createLogger({ level: 'silent', terminal: false });
  const app = createHttpServer({ log, ...(tls === undefined ? {} : { tls }) });
  const service = createAgentService({
    ...assembled,
    node: 'node-1',
    instance,
    control: openControlState(controlFiles(stateDir, assembled.damage)),
    policyFromFile,
    clock,
    log,
  });
  await app.register(agentApi, { ...assembled, service, instance });

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
      moment: answer.headers[MOMENT_HEADER] as string | undefined,
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
  return { node: 'node-1', epoch: { ...EPOCH, ...epoch }, revision, sentAt: new Date().toISOString() };
}

/**
 * What a message about owners says about itself as well: the moment that it is as of, a little before now.
 *
 * @param monotonicMs - of the agent's clock
 */
export function ownersMessage(
  revision: number,
  {
    monotonicMs = systemClock.monotonicMs(),
    instance = INSTANCE,
    ...epoch
  }: Partial<typeof EPOCH & Moment> = {},
) {
  return { ...message(revision, epoch), asOf: formatMoment({ instance, monotonicMs }) };
}
