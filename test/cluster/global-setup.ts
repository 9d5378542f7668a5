import { delimiter } from 'node:path';
import { crdYaml } from '@checkpoint-warden/api';
import type { TestProject } from 'vitest/node';
import type { ApiAddress } from './api-client.ts';
import { startApiServer } from './api-server.ts';
import { provideAssets } from './assets.ts';
import { POLICIES_PATH } from './policies-api.ts';
import { waitUntil } from './wait-until.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the API server that all test files of a run share, one after the other. */
    readonly apiServer: ApiAddress;
  }
}

/**
 * Starts the API server for a run of the cluster tests and installs the CRD. `KUBECONFIG`, `KUBEBUILDER_ASSETS` and `PATH`
 * are set to it, so that whatever a test starts finds this API server and no other.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const assets = await provideAssets(process.env);
  const server = await startApiServer({ assets });
  try {
    const applied = await server.admin.kubectl(['apply', '--server-side', '-f', '-'], crdYaml());
    if (applied.code !== 0) throw new Error(`the CRD cannot be installed: ${applied.stderr}`);
    // It is served up to seconds after that, and the first test may be one that writes a policy.
    await waitUntil(async () => (await server.admin.send('GET', POLICIES_PATH)).status === 200, {
      what: 'the CRD is served',
      withinMs: 90_000,
    });
  } catch (error) {
    await server.close();
    throw error;
  }
  project.provide('apiServer', server.address);
  Object.assign(process.env, {
    KUBECONFIG: server.admin.kubeconfig,
    KUBEBUILDER_ASSETS: assets,
    PATH: [assets, process.env.PATH].join(delimiter),
  });
  return () => server.close();
}
