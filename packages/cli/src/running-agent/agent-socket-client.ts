import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { agentSocketIn } from '@checkpoint-warden/agent';
import type { Check } from '@checkpoint-warden/api';
import { AppError, ERROR_CODES, type ErrorCode } from '@checkpoint-warden/errors';

/** A plan over a hundred thousand archives takes a second or two. */
const TIMEOUT_MS = 30_000;

/**
 * Asks for one path of the agent's API. Gives what it answers, once `problems` finds nothing wrong with that.
 *
 * @throws AppError `CW_ERR_UNREACHABLE` where no agent answers, `CW_ERR_AGENT_ANSWER` where what does is not of this version;
 * and whatever error the agent answers
 */
export type AgentSocketClient = <T>(path: string, problems: Check) => Promise<T>;

/** Asks the agent that has a state directory, and so runs on this node. */
export function agentSocketClient(stateDir: string): AgentSocketClient {
  const socket = agentSocketIn(stateDir);
  return async <T>(path: string, problems: Check): Promise<T> => {
    const { status, body } = await call(socket, path).catch((error: Error) => {
      throw noAnswer(socket, error);
    });
    if (status !== 200) throw refusal(socket, status, body);
    const [problem] = problems(body);
    if (problem !== undefined) throw nonsense(socket, `${problem.path}: ${problem.message}`);
    return body as T;
  };
}

/** @returns an unreadable body as `undefined` */
async function call(socketPath: string, path: string): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const options = { socketPath, path, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
    request(options, (response) => {
      const answer = (body: unknown): void => resolve({ status: response.statusCode ?? 0, body });
      json(response).then(answer, (error) =>
        error instanceof SyntaxError ? answer(undefined) : reject(error),
      );
    })
      .once('error', reject)
      .end();
  });
}

function noAnswer(socket: string, cause: NodeJS.ErrnoException): AppError {
  const { what, remedy } = diagnose(cause);
  const message = `no agent answers at ${socket}: ${what}`;
  const problem = { path: '', message, remedy: `${remedy}; or judge without an agent: --policy-file FILE` };
  return new AppError('CW_ERR_UNREACHABLE', message, { cause, retryable: true, problems: [problem] });
}

const NAME_IT = 'give the --state-dir of the agent that runs on this node';

function diagnose({ code, name, message }: NodeJS.ErrnoException): { what: string; remedy: string } {
  if (name === 'AbortError' || name === 'TimeoutError')
    return { what: `nothing came within ${TIMEOUT_MS / 1_000} s`, remedy: 'look at its log' };
  switch (code) {
    case 'ENOENT':
      return { what: 'it does not exist', remedy: NAME_IT };
    case 'ECONNREFUSED':
      return { what: 'the agent that made it does not run', remedy: NAME_IT };
    case 'EACCES':
    case 'EPERM':
      return { what: 'this user may not', remedy: 'run this as the agent’s user, which is root as a rule' };
    case 'EINVAL':
      return {
        what: 'it is too long: the path of a socket has 107 bytes at most',
        remedy: 'give the agent a shorter --state-dir',
      };
    default:
      return { what: code ?? message, remedy: NAME_IT };
  }
}

function refusal(socket: string, status: number, body: unknown): AppError {
  const { code, message } = (body ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CODES, code))
    return nonsense(socket, `HTTP status ${status}`);
  return new AppError(code as ErrorCode, `the agent at ${socket} says: ${message}`);
}

function nonsense(socket: string, what: string): AppError {
  return new AppError(
    'CW_ERR_AGENT_ANSWER',
    `what answers at ${socket} is not an agent of this version: ${what}`,
  );
}
