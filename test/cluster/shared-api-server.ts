import { afterAll, inject } from 'vitest';
import { type ApiClient, makeApiClient } from './api-client.ts';

/**
 * The API server that is shared by the test files of a run, which run one after the other, as one who may do everything. The
 * CRD is installed. A file leaves no policies and no nodes behind.
 */
export async function sharedApiServer(): Promise<ApiClient> {
  const client = await makeApiClient(inject('apiServer'));
  afterAll(() => client.close());
  return client;
}
