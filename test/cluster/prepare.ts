// The first step of `npm run test:cluster`: what takes minutes the first time is done and told before the tests begin.
import { withSignals } from '../../packages/tooling/run.mjs';
import { provideAssets } from './assets.ts';

await withSignals(async () => {
  console.error(`cluster: using ${await provideAssets(process.env)}`);
  return 0;
});
