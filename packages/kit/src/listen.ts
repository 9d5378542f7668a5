import { AppError } from '@checkpoint-warden/errors';
import type { Component } from './component.ts';
import type { HttpServer } from './http-server.ts';
import { serveUntilStopped } from './serve-until-stopped.ts';
import type { Address } from './setting.ts';

export interface ListenOptions {
  /** What the address is for, as the log says it: `api`, `metrics`. */
  readonly name: string;
  readonly address: Address;
  /** How long requests under way may take when it stops, in ms. */
  readonly graceMs: number;
}

/**
 * The component that serves `app` at an address. It says once where, and stops by answering what is under way, at most for
 * `graceMs`; then it cuts the connections.
 *
 * @returns a component whose `run` rejects with AppError `CW_ERR_LISTEN` when the address cannot be bound
 */
export function listen(app: HttpServer, { name, address, graceMs }: ListenOptions): Component {
  return {
    run: (signal) =>
      serveUntilStopped(app, signal, {
        graceMs,
        async bind() {
          const bound = await bind(app, address);
          app.log.info({ name, address: bound }, 'listening');
        },
      }),
  };
}

/** @returns the address as text */
async function bind(app: HttpServer, { host, port }: Address): Promise<string> {
  const attempt = (hostname: string | undefined) =>
    new Promise<void>((resolve, reject) => {
      app.server.once('error', reject);
      // Without a host Node takes `::` for IPv6 and IPv4, or `0.0.0.0` where there is no IPv6.
      app.server.listen({ port, ...(hostname === undefined ? {} : { host: hostname }) }, () => {
        app.server.off('error', reject);
        resolve();
      });
    });
  try {
    await attempt(host === '' ? undefined : host);
  } catch (error) {
    await app.close();
    const shown = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    throw new AppError('CW_ERR_LISTEN', `cannot listen on ${shown}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const bound = app.server.address();
  if (bound === null || typeof bound === 'string') return String(bound);
  return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}
