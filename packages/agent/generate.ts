/** The files made from the agent's API: `npm run generate` writes them, and a test says when one is not up to date. */
import { apiDocument } from './src/http/api-document.ts';
import { apiReference } from './src/http/api-reference.ts';

/** Every generated file by its path in the repository. */
export const GENERATED_FILES: ReadonlyMap<string, () => Promise<string>> = new Map([
  [
    'packages/api/gen/agent-openapi.json',
    async () => `${JSON.stringify(await apiDocument(), undefined, 2)}\n`,
  ],
  ['docs/reference/agent-api.md', async () => apiReference(await apiDocument())],
]);
