import { createHttpServer, createLogger } from '@checkpoint-warden/kit';
import { collectOpenApi, openApi } from '@checkpoint-warden/kit/open-api';
import { agentApi } from './agent-api.ts';
import type { ApiPorts } from './api-ports.ts';

/** An OpenAPI document, as far as we look into it. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

export interface ApiOperation {
  readonly summary: string;
  readonly description?: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

const INFO = {
  title: 'checkpoint-warden agent',
  version: 'v1',
  description:
    'How the controller talks to the agent of a node: HTTPS with mutual TLS, for the controller’s certificate alone. Times are RFC 3339 in UTC with milliseconds, sizes are bytes.',
};

/** The OpenAPI 3.1 document of the agent’s API, made from its routes. */
export async function apiDocument(): Promise<ApiDocument> {
  const app = createHttpServer({ log: createLogger({ level: 'silent', terminal: false }) });
  await collectOpenApi(app, INFO);
  // Routes are described, never called: they look at no port.
  await app.register(agentApi, {} as ApiPorts);
  const document = (await openApi(app)) as ApiDocument;
  await app.close();
  return nameSchemas(document);
}

/** Moves every schema with a title to the document’s components, once, and refers to it. */
function nameSchemas(document: ApiDocument): ApiDocument {
  const named: Record<string, unknown> = {};
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    const walked = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]));
    // `info` has a title as well; a property may be called `title`, whose schema is no text.
    if (typeof walked.title !== 'string' || walked.type !== 'object') return walked;
    const { title, ...schema } = walked;
    named[title] = schema;
    return { $ref: `#/components/schemas/${title}` };
  };
  const { components, ...rest } = document;
  const walked = walk(rest) as ApiDocument;
  const schemas = { ...components.schemas, ...named };
  const sorted = Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...walked, components: { schemas: Object.fromEntries(sorted) } };
}
