import type { HttpServer } from './http-server.ts';

export interface ServeOptions {
  /** How long requests under way may take when it stops, in ms. */
  readonly graceMs: number;
  /** Has the server listen, once the app is ready. */
  readonly bind: () => Promise<void>;
}

/** Serves `app` until it is told to stop; then answers what is under way, at most for `graceMs`, and cuts the connections. */
export async function serveUntilStopped(
  app: HttpServer,
  signal: AbortSignal,
  { graceMs, bind }: ServeOptions,
): Promise<void> {
  // Node ends idle connections when a server closes, but keeps those that are busy then for a next request.
  app.addHook('onSend', async (_request, reply) => {
    if (signal.aborted) reply.header('connection', 'close');
  });
  await app.ready();
  await bind();
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  await app.close();
  clearTimeout(cut);
}
