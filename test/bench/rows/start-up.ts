import { writePolicyFile } from '../agent-process.ts';
import type { Bench } from '../bench.ts';
import { fleetOf, writeDataset } from '../dataset.ts';
import { summarize } from '../measure.ts';
import type { Figure, Row } from '../row.ts';

export const startUp: Row = {
  id: 'start-up',
  title: 'commands, from start to end',
  async run(bench) {
    const shape = fleetOf(bench.pick({ full: 10_000, quick: 10_000, tiny: 80 }));
    const { directory } = writeDataset(bench.directory('archives'), shape);
    const policyFile = writePolicyFile(bench.directory('files'), { perPod: 18, pods: shape.pods });
    const plan = ['plan', '--checkpoint-dir', directory, '--policy-file', policyFile];
    return [await timed(bench, 'version', ['version']), await timed(bench, 'plan on 10,000 archives', plan)];
  },
};

async function timed(bench: Bench, name: string, args: readonly string[]): Promise<Figure> {
  const durations: number[] = [];
  for (let i = 0; i < bench.pick({ full: 9, quick: 3, tiny: 1 }); i++) {
    const startedMs = performance.now();
    const code = await bench.node(bench.program, ...args).ended;
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
    durations.push(performance.now() - startedMs);
  }
  return { name, unit: 'ms', value: summarize(durations), goals: [] };
}
