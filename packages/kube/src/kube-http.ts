import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { KubeCredentials } from './kube-credentials.ts';
import { KubeError } from './kube-error.ts';
import { asStatusObject, type StatusObject } from './status-object.ts';
import { untilAborted } from './until-aborted.ts';

/** One request to the API server. */
export interface KubeCall {
  /** As in `KubeFailure`. */
  readonly verb: string;
  /** As in `KubeFailure`. */
  readonly resource: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Below the server's base URL, with the query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; JSON unless told. */
  readonly contentType?: string;
}

/** Sends a call. Throws {@link KubeError} with status 0 when there is no answer, or the reason of `signal` when that is aborted. */
export type KubeHttp = (call: KubeCall, signal: AbortSignal) => Promise<IncomingMessage>;

/** More than 500 pods of 100 KiB; what V8 makes a string of at all is 512 MiB. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;
/** An object in etcd is 1.5 MiB at most, and longer as JSON. */
const MAX_LINE_CHARS = 32 * 1024 * 1024;
/** Of a body that should be something else, so many characters are quoted. */
const QUOTED_CHARS = 200;

/**
 * One connection for each call under way, kept for the next. Go's server drops idle connections after minutes; we do before.
 * Neither holds certificates: node keeps sockets apart by those of each request, so that rotated ones come into use.
 */
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 64, maxFreeSockets: 16, timeout: 30_000 };

export function createKubeHttp(credentials: KubeCredentials, userAgent: string): KubeHttp {
  const plainAgent = new HttpAgent(AGENT_OPTIONS);
  const tlsAgent = new HttpsAgent(AGENT_OPTIONS);

  return async (call, signal) => {
    try {
      const { server, options } = await untilAborted(credentials.access(), signal);
      const url = new URL(server.replace(/\/+$/, '') + call.path);
      const isPlain = url.protocol === 'http:';
      const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
      return await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = (isPlain ? httpRequest : httpsRequest)(url, {
          agent: isPlain ? plainAgent : tlsAgent,
          ...options,
          method: call.method,
          signal,
          headers: {
            ...trimmed(options.headers),
            accept: 'application/json',
            'user-agent': userAgent,
            ...(payload === undefined
              ? {}
              : {
                  'content-type': call.contentType ?? 'application/json',
                  'content-length': Buffer.byteLength(payload),
                }),
          },
        });
        outgoing.once('response', resolve).on('error', reject).end(payload);
      });
    } catch (cause) {
      throw signal.aborted ? signal.reason : noAnswer(call, (cause as Error).message, cause);
    }
  };
}

/** Token files often end with a line feed, which no header may hold. */
function trimmed(headers: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]),
  );
}

/** The error of a call that got no complete answer, or one that is none. */
export function noAnswer({ verb, resource }: KubeCall, message: string, cause?: unknown): KubeError {
  return new KubeError({ verb, resource, status: 0, reason: '', message }, cause);
}

/** A call that the server, or something before it, has answered with a failure. */
export interface KubeRefusal {
  readonly error: KubeError;
  /** What the API server says; `undefined` when it was not the API server that answered. */
  readonly status: StatusObject | undefined;
}

/** Reads an answer that is not a success. */
export async function readRefusal(
  call: KubeCall,
  response: IncomingMessage,
  signal: AbortSignal,
): Promise<KubeRefusal> {
  const text = await readText(call, response, signal);
  const status = asStatusObject(parseJson(text));
  const message = status?.message ?? `not an answer of an API server: ${quote(response, text)}`;
  const retryAfter = response.headers['retry-after'] ?? status?.details?.retryAfterSeconds;
  return {
    status,
    error: toKubeError(call, response.statusCode ?? 0, status?.reason, message, retryAfter),
  };
}

/** @param retryAfter - seconds, as a number or as a header has it */
export function toKubeError(
  { verb, resource }: KubeCall,
  status: number,
  reason = '',
  message = '',
  retryAfter?: string | number,
): KubeError {
  // The other form of the header, a date, is not used by the API server.
  const retryAfterMs = Math.round(Number(retryAfter ?? Number.NaN) * 1000);
  return new KubeError({
    verb,
    resource,
    status,
    reason,
    message,
    ...(Number.isFinite(retryAfterMs) && retryAfterMs >= 0 ? { retryAfterMs } : {}),
  });
}

/** Reads a successful answer. */
export async function readJson(
  call: KubeCall,
  response: IncomingMessage,
  signal: AbortSignal,
): Promise<unknown> {
  const text = await readText(call, response, signal);
  const body = parseJson(text);
  if (body === undefined) throw noAnswer(call, `the answer is not JSON: ${quote(response, text)}`);
  return body;
}

async function readText(call: KubeCall, response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // Leaving the loop destroys the response and its connection.
      if (bytes > MAX_BODY_BYTES) throw new Error(`it is larger than ${MAX_BODY_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw signal.aborted
      ? signal.reason
      : noAnswer(call, `the answer broke off: ${(cause as Error).message}`, cause);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Reads an answer line by line until the server ends it. What is behind the last line feed must be nothing. */
export async function* readLines(
  call: KubeCall,
  response: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  let rest = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_CHARS) throw new Error(`a line is longer than ${MAX_LINE_CHARS} characters`);
      for (const line of lines) {
        if (signal.aborted) throw signal.reason;
        yield line;
      }
    }
  } catch (cause) {
    throw signal.aborted
      ? signal.reason
      : noAnswer(call, `the answer broke off: ${(cause as Error).message}`, cause);
  }
  if (rest !== '') throw noAnswer(call, 'the answer ends within a line');
}

/** @returns `undefined` when `text` is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Who asks says so with what he knows of the call.
    return undefined;
  }
}

function quote(response: IncomingMessage, text: string): string {
  const type = response.headers['content-type'] ?? 'no content type';
  return `${type}, ${JSON.stringify(text.slice(0, QUOTED_CHARS))}`;
}
