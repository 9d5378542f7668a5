import { createLogger } from '@checkpoint-warden/kit';
import { createKubeApi } from './client-node-api.ts';
import { describeKubeApi } from './testing/describe-kube-api.ts';

describeKubeApi('on an API server', async () => {
  const api = await createKubeApi({
    kubeconfig: process.env.KUBECONFIG ?? '',
    userAgent: 'test',
    fieldManager: 'test',
    requestTimeoutMs: 10_000,
    log: createLogger({ level: 'silent', terminal: false }),
  });
  return { api, namespace: 'default', cleanUp: async () => {} };
});
