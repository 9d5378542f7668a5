import type { HttpServer } from '@checkpoint-warden/kit';
import type { ApiPorts } from './api-ports.ts';
import { archivesRoute } from './archives-route.ts';
import { deletionsRoute } from './deletions-route.ts';
import { explanationRoute } from './explanation-route.ts';
import { groupsRoutes } from './groups-routes.ts';
import { ownersRoutes } from './owners-routes.ts';
import { planRoutes } from './plan-routes.ts';
import { policyRoute } from './policy-route.ts';
import { stateRoute } from './state-route.ts';

/**
 * The agent's HTTP API, a Fastify plugin: `app.register(agentApi, ports)`. Who may call is for the server that carries it
 * (`createHttpServer` with `tls`): only the controller.
 */
export async function agentApi(app: HttpServer, ports: ApiPorts): Promise<void> {
  await app.register(stateRoute, ports);
  await app.register(policyRoute, ports);
  await app.register(ownersRoutes, ports);
  await app.register(groupsRoutes, ports);
  await app.register(archivesRoute, ports);
  await app.register(explanationRoute, ports);
  await app.register(planRoutes, ports);
  await app.register(deletionsRoute, ports);
}
