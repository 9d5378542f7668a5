import type { Clock, HttpServer, Registry } from '@checkpoint-warden/kit';

/** How the agent is, for probes. */
export interface Health {
  /** Whether the archives are known. */
  readonly ready: boolean;
  /** Why the checkpoint directory cannot be read; `undefined`: it can, or has not been tried. */
  readonly directoryTrouble: string | undefined;
  /** When the loop last began a turn, or got on with a scan; monotonic ms. `undefined`: it has not begun. */
  readonly lastTurnMs: number | undefined;
}

/** What the probes and the scrape look at. */
export interface HealthPorts {
  readonly health: () => Health;
  readonly registry: Registry;
  readonly clock: Clock;
  /** The longest time without a turn that is no sign of anything, in ms: the loop waits this long when all is quiet. */
  readonly quietMs: number;
}

/** What a turn may take beyond that. A slow disk with many archives is no reason to be killed; a loop that hangs is. */
const MAX_TURN_MS = 10 * 60_000;

/**
 * `/healthz`, `/readyz` and `/metrics`, a Fastify plugin for the plain HTTP port: it tells aggregates and no names.
 *
 * Not healthy is only an agent that a restart could help: one whose loop hangs. A directory that cannot be read makes it not
 * ready, and that passes by itself.
 */
export async function healthRoutes(
  app: HttpServer,
  { health, registry, clock, quietMs }: HealthPorts,
): Promise<void> {
  const startedMs = clock.monotonicMs();

  const whyNotHealthy = (): string | undefined => {
    const idleMs = clock.monotonicMs() - (health().lastTurnMs ?? startedMs);
    return idleMs > quietMs + MAX_TURN_MS ? `no pass for ${Math.round(idleMs / 1000)} s` : undefined;
  };
  const whyNotReady = (): string | undefined => {
    const { ready, directoryTrouble } = health();
    if (directoryTrouble !== undefined) return `the checkpoint directory cannot be read: ${directoryTrouble}`;
    return ready ? undefined : 'the first scan of the checkpoint directory has not finished';
  };
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
