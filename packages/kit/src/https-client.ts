import { X509Certificate } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createSecureContext } from 'node:tls';
import { AppError } from '@checkpoint-warden/errors';
import { startDeadline } from './deadline.ts';
import { findPeerProblem, type PeerName } from './peer-certificate.ts';
import type { TlsFiles } from './tls-files.ts';
import type { TlsSet } from './tls-set.ts';

export interface HttpsClientOptions {
  readonly tls: Pick<TlsFiles, 'current'>;
  /** Whose certificate the server must show; its address is not compared. */
  readonly peer: PeerName;
  /** Milliseconds for a whole call, connecting included. */
  readonly timeoutMs: number;
  /** Largest response body in bytes. */
  readonly maxBodyBytes: number;
}

export interface HttpsCall {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** A property of `body` that is one large object in many calls, and is not changed: its JSON is made once for all of them. */
  readonly shared?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface HttpsResponse {
  readonly status: number;
  readonly etag: string | undefined;
  /** By name in lower case; what came more than once is one text with commas, or only the first where that means nothing. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; `undefined` for an empty body. Not checked against any schema. */
  readonly body: unknown;
}

/**
 * @throws AppError `CW_ERR_UNREACHABLE`, retryable, when there is no complete answer; its cause says why. Any HTTP status is
 * an answer.
 */
export type HttpsClient = (call: HttpsCall) => Promise<HttpsResponse>;

/** A client that keeps its connections, shows our certificate and follows changes of the TLS files. */
export function createHttpsClient({ tls, peer, timeoutMs, maxBodyBytes }: HttpsClientOptions): HttpsClient {
  let set: TlsSet | undefined;
  let agent: Agent | undefined;

  /** Connections of an agent left behind end when the server closes them as idle; they do not keep the process alive. */
  const currentAgent = () => {
    const current = tls.current();
    if (agent === undefined || set !== current) {
      set = current;
      agent = createAgent(current, peer);
    }
    return agent;
  };

  return async ({ method, url, body, shared, headers, signal }) => {
    const late = `no answer within ${timeoutMs} ms`;
    const deadline = startDeadline(signal, timeoutMs, () => late);
    const payload = body === undefined ? [] : toJson(body, shared);
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = request(url, {
          method,
          agent: currentAgent(),
          headers: {
            accept: 'application/json',
            ...(payload.length === 0
              ? {}
              : { 'content-type': 'application/json', 'content-length': lengthOf(payload) }),
            ...headers,
          },
        });
        // As the option `signal` it would keep the whole request alive for as long as its connection is.
        const stop = () => outgoing.destroy(new Error('the call was stopped'));
        deadline.signal.addEventListener('abort', stop, { once: true });
        if (deadline.signal.aborted) stop();
        outgoing.once('response', resolve).once('error', reject);
        send(outgoing, payload);
      });
      const text = await readBody(response, maxBodyBytes);
      return {
        status: response.statusCode ?? 0,
        etag: response.headers.etag,
        // Node makes one text of all but Set-Cookie, which means nothing to us.
        headers: response.headers as Record<string, string>,
        body: text === '' ? undefined : JSON.parse(text),
      };
    } catch (cause) {
      const reason = deadline.signal.reason === late ? late : (cause as Error).message;
      throw new AppError('CW_ERR_UNREACHABLE', `${method} ${url}: ${reason}`, { cause, retryable: true });
    } finally {
      deadline.stop();
    }
  };
}

function createAgent({ ca, cert, key }: TlsSet, peer: PeerName): Agent {
  return new Agent({
    keepAlive: true,
    // One for all connections: from `ca`, `cert` and `key` each would make its own, and the agent would have the whole texts
    // in the name that it keeps each peer's connections under.
    secureContext: createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' }),
    // A resumed session would not have the certificate looked at.
    maxCachedSessions: 0,
    servername: peer,
    checkServerIdentity(_host, { raw }) {
      const problem = findPeerProblem(new X509Certificate(raw), peer, 'serverAuth');
      return problem === undefined ? undefined : new Error(`the server certificate is refused: ${problem}`);
    },
  });
}

/** The JSON of objects that many bodies share, for as long as they live. */
const sharedJson = new WeakMap<object, Buffer>();

/** @returns the parts of it, in order */
function toJson(body: unknown, shared: string | undefined): readonly Buffer[] {
  if (shared === undefined) return [Buffer.from(JSON.stringify(body))];
  const { [shared]: large, ...others } = body as Readonly<Record<string, object>>;
  if (large === undefined) return toJson(body, undefined);
  let json = sharedJson.get(large);
  if (json === undefined) {
    json = Buffer.from(JSON.stringify(large));
    sharedJson.set(large, json);
  }
  const rest = JSON.stringify(others);
  return [
    Buffer.from(`{${JSON.stringify(shared)}:`),
    json,
    Buffer.from(rest === '{}' ? '}' : `,${rest.slice(1)}`),
  ];
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** What is written at once becomes a buffer of the TLS connection, which keeps it for as long as it lives. */
const PIECE_BYTES = 20_480;

function send(outgoing: ClientRequest, parts: readonly Buffer[]): void {
  let index = 0;
  let sent = 0; // of the part at `index`
  const sendNext = (): void => {
    if (outgoing.destroyed) return;
    outgoing.cork();
    for (let room = PIECE_BYTES; room > 0; ) {
      const part = parts[index];
      if (part === undefined) {
        outgoing.end();
        return;
      }
      const piece = part.subarray(sent, sent + room);
      room -= piece.length;
      sent += piece.length;
      if (sent === part.length) [index, sent] = [index + 1, 0];
      if (piece.length > 0) outgoing.write(piece, room === 0 ? sendNext : undefined);
    }
    outgoing.uncork();
  };
  sendNext();
}

/** By events: an iterator takes twice the time, and there are hundreds of answers a second. */
function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) response.destroy(new Error(`the answer is larger than ${maxBytes} bytes`));
      else chunks.push(chunk);
    });
    response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.once('error', reject);
    response.once('close', () => {
      // Always, also long after `end`; and an error is made with its stack.
      if (!response.readableEnded) reject(new Error('the answer broke off'));
    });
  });
}
