import type { Registry } from 'prom-client';
import type { HttpServer } from './http-server.ts';

/** What the probes and the scrape look at. */
export interface HealthRoutesOptions {
  /** Why a restart could help, for people; `undefined`: all is well. */
  readonly whyNotHealthy: () => string | undefined;
  /** Why it cannot do its work at present, for people; `undefined`: it can. */
  readonly whyNotReady: () => string | undefined;
  readonly registry: Registry;
}

/** `/healthz`, `/readyz` and `/metrics`, a Fastify plugin for the plain HTTP port: it tells aggregates and no names. */
export async function healthRoutes(
  app: HttpServer,
  { whyNotHealthy, whyNotReady, registry }: HealthRoutesOptions,
): Promise<void> {
  const probe = (path: string, whyNot: () => string | undefined): void => {
    app.get(path, async (_request, reply) => {
      const reason = whyNot();
      return reply
        .code(reason === undefined ? 200 : 503)
        .type('text/plain')
        .send(`${reason ?? 'ok'}\n`);
    });
  };
  probe('/healthz', whyNotHealthy);
  probe('/readyz', whyNotReady);
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}
