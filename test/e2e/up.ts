// `npm run cluster`: the cluster of the end-to-end tests, until Ctrl-C, to look at and to write scenarios on.
import { once } from 'node:events';
import { ToolchainError } from '../../packages/tooling/run.mjs';
import { startTestCluster } from './start-test-cluster.ts';

try {
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const cluster = await startTestCluster(process.env);
  const { address, admin, folder } = cluster;
  console.log(`export KUBECONFIG=${admin.kubeconfig}`);
  console.log(`export PATH=${address.api.assets}:$PATH`);
  console.log(`export WARDEN_DEV_CLUSTER=${folder}   # npm run test:cluster -- --e2e uses this one`);
  for (const { name, init } of address.nodes) console.log(`# the files of ${name}: /proc/${init}/root`);
  console.log('# Ctrl-C ends it');
  await ended;
  await cluster.close();
} catch (error) {
  if (!(error instanceof ToolchainError)) throw error;
  console.error(`cluster: ${error.message}`);
  process.exitCode = 1;
}
