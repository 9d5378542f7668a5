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

  return async ({ method, url, body, headers, signal }) => {
    const late = `no answer within ${timeoutMs} ms`;
    const deadline = startDeadline(signal, timeoutMs, () => late);
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = request(url, {
          method,
          agent: currentAgent(),
          headers: {
            accept: 'application/json',
            ...(payload === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': payload.length }),
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

/** What is written at once becomes a buffer of the TLS connection, which keeps it for as long as it lives. */
const PIECE_BYTES = 16_384;

function send(outgoing: ClientRequest, payload: Buffer | undefined): void {
  let sent = 0;
  const sendNext = (): void => {
    if (payload === undefined || outgoing.destroyed) return;
    const piece = payload.subarray(sent, sent + PIECE_BYTES);
    sent += piece.length;
    if (sent === payload.length) outgoing.end(piece);
    else outgoing.write(piece, sendNext);
  };
  if (payload === undefined) outgoing.end();
  else sendNext();
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
