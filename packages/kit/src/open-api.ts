import swagger from '@fastify/swagger';
import type { HttpServer } from './http-server.ts';

/**
 * Prepares `app` so that {@link openApi} can describe it. Before the routes, because the plugin listens for them. Only tools
 * need it: a running server does not carry the plugin.
 */
export async function collectOpenApi(
  app: HttpServer,
  info: { title: string; version: string; description: string },
) {
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) => String(schema.$id ?? `schema-${index}`),
    },
  });
}

/** The OpenAPI 3.1 document of an app's routes. */
export async function openApi(app: HttpServer): Promise<object> {
  await app.ready();
  return app.swagger();
}
