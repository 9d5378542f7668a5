import { constants } from 'node:crypto';
import type { Server as HttpsServer, ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { AppError } from '@checkpoint-warden/errors';
import type { HttpServer } from './http-server.ts';
import { findPeerProblem, type PeerName } from './peer-certificate.ts';
import type { TlsFiles } from './tls-files.ts';
import type { TlsSet } from './tls-set.ts';

/** Who may call a server, and with what it shows itself. */
export interface MutualTls {
  readonly files: TlsFiles;
  /** The one peer whose certificate may call. */
  readonly peer: PeerName;
}

/**
 * TLS 1.3 only; a client must show a certificate of our CA. Sessions are not resumed: a resumed one would skip looking at the
 * client's certificate again, and with kept connections there is nothing to gain.
 */
export function serverTlsOptions({ ca, cert, key }: TlsSet): ServerOptions {
  return {
    ca,
    cert,
    key,
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: true,
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/**
 * Lets only one peer call `app`, and follows changes of the TLS files without a restart: new connections use the new set.
 * When the CA changed, connections made under the old one end, idle ones at once and others with their current answer, so
 * that a peer whose CA was withdrawn loses access.
 */
export function requireMutualTls(app: HttpServer, { files, peer }: MutualTls): void {
  const server = app.server as HttpsServer;
  /** Raised when the CA changes. */
  let generation = 0;
  const connectedIn = new WeakMap<object, number>();
  const isOutdated = (socket: object) => connectedIn.get(socket) !== generation;

  server.on('secureConnection', (socket) => connectedIn.set(socket, generation));
  server.on('tlsClientError', (err, socket) => {
    app.log.debug({ err, remoteAddress: socket.remoteAddress }, 'tls handshake failed');
  });

  const unsubscribe = files.subscribe((next, previous) => {
    server.setSecureContext(serverTlsOptions(next));
    if (next.ca === previous.ca) return;
    generation += 1;
    server.closeIdleConnections();
  });
  app.addHook('onClose', async () => unsubscribe());

  app.addHook('onRequest', async (request, reply) => {
    const socket = request.raw.socket as TLSSocket;
    if (isOutdated(socket)) {
      // As if it had been idle when the CA changed: the peer connects anew and is looked at again.
      reply.hijack();
      socket.destroy();
      return;
    }
    const problem = findPeerProblem(socket.getPeerX509Certificate(), peer, 'clientAuth');
    if (problem !== undefined)
      throw new AppError('CW_ERR_FORBIDDEN', `the client certificate is refused: ${problem}`);
  });
  app.addHook('onSend', async (request, reply) => {
    if (isOutdated(request.raw.socket)) reply.header('connection', 'close');
  });
}
