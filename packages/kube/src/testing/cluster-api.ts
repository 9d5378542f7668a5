import { randomUUID } from 'node:crypto';
import { createLogger } from '@checkpoint-warden/kit';
import { createKubeApi } from '../client-node-api.ts';
import type { KubeApi } from '../kube-api.ts';
import type { Resource } from '../resource.ts';

const NAMESPACES: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

/** The API server that KUBECONFIG names, and a new namespace there. What is made in it goes with the server. */
export async function openClusterApi(): Promise<{ readonly api: KubeApi; readonly namespace: string }> {
  const { KUBECONFIG } = process.env;
  if (KUBECONFIG === undefined) throw new Error('KUBECONFIG is not set: run this with npm run test:cluster');
  const api = await createKubeApi({
    kubeconfig: KUBECONFIG,
    userAgent: 'checkpoint-warden-test',
    fieldManager: 'checkpoint-warden-test',
    requestTimeoutMs: 60_000,
    log: createLogger({ level: 'silent', terminal: false }),
  });
  const namespace = `kube-test-${randomUUID().slice(0, 8)}`;
  await api.create(NAMESPACES, { metadata: { name: namespace } }, new AbortController().signal);
  return { api, namespace };
}
