// Gives the chart the version that Changesets has given the program: the second step of `npm run release:version`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withChartVersion } from './chart-version.mjs';
import { ROOT } from './versions.mjs';

const file = join(ROOT, 'charts/checkpoint-warden/Chart.yaml');
const { version } = JSON.parse(readFileSync(join(ROOT, 'packages/cli/package.json'), 'utf8'));
writeFileSync(file, withChartVersion(readFileSync(file, 'utf8'), version));
console.log(`charts/checkpoint-warden has version ${version}`);
