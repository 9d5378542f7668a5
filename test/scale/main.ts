import { writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/machine.ts';
import { formatTable } from '../bench/table.ts';
import { provideAssets } from '../cluster/assets.ts';
import { measureScale } from './measure-scale.ts';
import { startScaleRig } from './scale-rig.ts';

const USAGE = `Use: npm run bench:scale -- [--agents N] [--pods N] [--rounds N] [--json FILE] [--program FILE] [--node-flag FLAG…]

Measures the controller against a real API server full of pods and against simulated agents, beside floors in the same run.
  --agents N       simulated agents (5000)
  --pods N         pods besides theirs (145000); making them takes minutes
  --rounds N       pods deleted for each figure (100)
  --poll D         time between polls of the program (12s, as it has itself)
  --steady N       seconds in which nothing changes (60)
  --json FILE      write all figures to a file as well
  --program FILE   another build of the program
  --node-flag FLAG an argument of the controllers' Node.js

What each row means: docs/reference/benchmarks.md`;

const PROGRAM = join(import.meta.dirname, '../../packages/cli/dist/checkpoint-warden.mjs');

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '145000' },
    rounds: { type: 'string', default: '100' },
    steady: { type: 'string', default: '60' },
    poll: { type: 'string', default: '12s' },
    json: { type: 'string' },
    program: { type: 'string', default: PROGRAM },
    'node-flag': { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}

const tell = (text: string): void => console.error(`  ${new Date().toISOString().slice(11, 19)} ${text}`);
const machine = describeMachine(tmpdir());
console.error(machine);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal])); // what runs ends with this process
}
const rig = await startScaleRig({
  size: { agents: Number(values.agents), pods: Number(values.pods) },
  rounds: Number(values.rounds),
  assets: await provideAssets(process.env),
  program: values.program,
  nodeFlags: values['node-flag'],
  pollInterval: values.poll,
  tell,
});
try {
  const results = await measureScale(rig, {
    edits: 5,
    steadyMs: Number(values.steady) * 1_000,
    laterMs: 45_000,
    arrivals: 20,
    surplus: 10,
    quietMs: 30_000,
    takeOver: true,
  });
  console.log(`${formatTable(results)}\n\nmin / median / max. ${machine}.`);
  const made = rig.filled.map(
    ({ what, count, tookMs }) => `${count} ${what} in ${Math.round(tookMs / 1000)} s`,
  );
  console.log(`The API server took ${made.join(', ')}.`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine, made: rig.filled, results }, undefined, 2)}\n`);
} finally {
  await rig.close();
}
process.exit();
