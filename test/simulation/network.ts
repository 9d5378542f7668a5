import type { ServiceAnswer, ServiceCall } from '@checkpoint-warden/agent/testing';
import { AppError } from '@checkpoint-warden/errors';
import type { Clock, HttpsClient, HttpsResponse } from '@checkpoint-warden/kit';

/** Time that a controller gives a call of an agent, as `runController` sets it. */
const CALL_TIMEOUT_MS = 8_000;
/** A reason of its own would be an error with a stack each time. */
const OVER = 'over';
const NEVER = new AbortController().signal;

/** What becomes of one call. Each part is decided by itself: a request may arrive whose answer does not. */
export interface Fate {
  /** `undefined`: it never arrives. */
  readonly requestMs: number | undefined;
  /** `undefined`: the answer never arrives. */
  readonly answerMs: number | undefined;
  /** How much later than the request itself a second copy of it arrives. */
  readonly copyMs?: number;
}

export const AT_ONCE: Fate = { requestMs: 0, answerMs: 0 };

export interface NetworkPorts {
  readonly clock: Clock;
  /** What becomes of a call to a host. */
  readonly fate: (host: string) => Fate;
  /**
   * Hands a request over to who is at that address now.
   *
   * @throws AppError when nobody answers there
   */
  readonly deliver: (host: string, call: ServiceCall) => ServiceAnswer;
}

/** The HTTPS client of one controller. What was sent arrives however its sender fares. */
export function createNetworkClient({ clock, fate, deliver }: NetworkPorts): HttpsClient {
  const after = (ms: number): Promise<void> => (ms > 0 ? clock.sleep(ms, NEVER) : Promise.resolve());

  return ({ method, url, body, headers, signal = NEVER }) => {
    const { host, pathname, search } = new URL(url);
    const request = { method, path: pathname + search, ...(headers && { headers }), body };
    const { requestMs, answerMs, copyMs } = fate(host);
    return new Promise<HttpsResponse>((resolve, reject) => {
      const over = new AbortController();
      const fail = (why: string, cause?: unknown) => {
        over.abort(OVER);
        reject(new AppError('CW_ERR_UNREACHABLE', `${method} ${url}: ${why}`, { cause, retryable: true }));
      };
      if (signal.aborted) return fail('aborted');
      signal.addEventListener('abort', () => fail('aborted'), { once: true, signal: over.signal });
      if (requestMs !== 0 || answerMs !== 0) {
        void clock.sleep(CALL_TIMEOUT_MS, over.signal).then(() => {
          if (!over.signal.aborted) fail(`no answer within ${CALL_TIMEOUT_MS} ms`);
        });
      }
      if (requestMs === undefined) return;
      const arrive = (): ServiceAnswer | AppError => {
        try {
          return deliver(host, request);
        } catch (error) {
          if (error instanceof AppError) return error;
          throw error;
        }
      };
      void after(requestMs).then(async () => {
        const answer = arrive();
        if (copyMs !== undefined) void after(copyMs).then(arrive);
        if (answerMs === undefined) return;
        await after(answerMs);
        if (over.signal.aborted) return;
        if (answer instanceof AppError) return fail(answer.message, answer);
        over.abort(OVER);
        resolve({ ...answer, etag: answer.headers.etag });
      });
    });
  };
}
