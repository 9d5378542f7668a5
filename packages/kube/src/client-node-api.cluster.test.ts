import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { createLogger } from '@checkpoint-warden/kit';
import { createKubeApi } from './client-node-api.ts';
import { describeKubeApi } from './testing/describe-kube-api.ts';

const run = promisify(execFile);
const kubectl = (args: readonly string[]) => run('kubectl', args);

describeKubeApi('on an API server', async () => {
  const namespace = `kube-api-${randomUUID().slice(0, 8)}`;
  await kubectl(['create', 'namespace', namespace]);
  const api = await createKubeApi({
    kubeconfig: process.env.KUBECONFIG ?? '',
    userAgent: 'test',
    fieldManager: 'test',
    requestTimeoutMs: 60_000,
    log: createLogger({ level: 'silent', terminal: false }),
  });
  return {
    api,
    namespace,
    async cleanUp() {
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      const { stdout } = await kubectl(['get', 'nodes', '--output=name']);
      const ours = stdout.split('\n').filter((name) => name.startsWith(`node/${namespace}`));
      if (ours.length > 0) await kubectl(['delete', ...ours]);
    },
  };
});
