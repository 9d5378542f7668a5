import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { Component } from './component.ts';
import type { HttpServer } from './http-server.ts';
import { serveUntilStopped } from './serve-until-stopped.ts';

export interface SocketOptions {
  /**
   * In a directory that only the caller's user may enter, and where nobody else makes this socket: one that is found there was
   * left behind by a process that was killed, and is replaced.
   */
  readonly path: string;
  /** How long requests under way may take when it stops, in ms. */
  readonly graceMs: number;
}

/** Only its owner may connect. */
const SOCKET_MODE = 0o600;

/**
 * The component that serves `app` on a Unix socket, and takes the socket away when it stops. It does without where there can be
 * none, and says so once: the path is longer than 107 bytes, or 108 (`unix(7)`), or the filesystem has no sockets.
 */
export function listenOnSocket(app: HttpServer, { path, graceMs }: SocketOptions): Component {
  return {
    run: (signal) =>
      serveUntilStopped(app, signal, {
        graceMs,
        async bind() {
          try {
            removeStale(path);
            await bind(app, path);
            app.log.info({ path }, 'listening on a socket');
          } catch (err) {
            app.log.warn({ path, err }, 'there can be no socket here: nobody can ask on this node');
          }
        },
      }),
  };
}

/** Anything else at the path is not ours, and is in the way. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}

async function bind({ server }: HttpServer, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  try {
    chmodSync(path, SOCKET_MODE);
  } catch (error) {
    server.close();
    throw error;
  }
}
