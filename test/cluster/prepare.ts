// The first step of `npm run test:cluster`: what takes minutes the first time is done and told before the tests begin. Its
// arguments are the flags of the parts that are to run.
import { withSignals } from '../../packages/tooling/run.mjs';
import { API_PROGRAMS, CLUSTER_PROGRAMS, provideAssets } from './assets.ts';
import { provideRootfs } from './nodes/provide-rootfs.ts';
import { requireRoot } from './nodes/require-root.ts';

await withSignals(async () => {
  const { argv, env } = process;
  const scenarios = argv.includes('--e2e');
  if (scenarios) requireRoot();
  const ownCluster = scenarios && !env.WARDEN_DEV_CLUSTER;
  const programs = ownCluster ? CLUSTER_PROGRAMS : API_PROGRAMS;
  if (ownCluster || argv.includes('--api')) {
    console.error(`cluster: using ${await provideAssets(env, programs)}`);
  }
  if (ownCluster) console.error(`cluster: using ${await provideRootfs(env)}`);
  return 0;
});
