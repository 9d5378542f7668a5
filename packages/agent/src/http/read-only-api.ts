import type { HttpServer } from '@checkpoint-warden/kit';
import type { ApiPorts } from './api-ports.ts';
import { archivesRoute } from './archives-route.ts';
import { deletionsRoute } from './deletions-route.ts';
import { explanationRoute } from './explanation-route.ts';
import { planRoutes } from './plan-routes.ts';
import { stateRoute } from './state-route.ts';

/**
 * What of the agent's HTTP API tells people something, a Fastify plugin: `app.register(readOnlyApi, ports)`. Nothing that is
 * sent to it has any effect.
 */
export async function readOnlyApi(app: HttpServer, ports: ApiPorts): Promise<void> {
  const { service } = ports;
  // A poll can also have facts count for longer: only the controller may say that.
  const reader = { ...service, state: () => service.state() };
  await app.register(stateRoute, { service: reader });
  await app.register(archivesRoute, ports);
  await app.register(explanationRoute, ports);
  await app.register(planRoutes, ports);
  await app.register(deletionsRoute, ports);
}
