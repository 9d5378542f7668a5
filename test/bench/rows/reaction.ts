import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { archiveFileName } from '@checkpoint-warden/agent/testing';
import type { Owner } from '@checkpoint-warden/policy';
import { startAgentProcess, writePolicyFile } from '../agent-process.ts';
import type { Bench } from '../bench.ts';
import {
  AFTER_DATASET_MS,
  archiveStretches,
  type Dataset,
  fleetOf,
  ownersOf,
  writeDataset,
  writeStretches,
} from '../dataset.ts';
import { pairUp, summarize } from '../measure.ts';
import { whenGone } from '../observe.ts';
import { atMost, type Figure, type Row } from '../row.ts';

const MIB = 2 ** 20;
const SIZES = [
  { name: '1 MiB', pagesBytes: MIB },
  { name: '4 GiB', pagesBytes: 4096 * MIB },
];
const GOAL_RATIO = 3;
const GOAL_P99_MS = 300;
/** Both sides are idle when the next archive comes. */
const REST_MS = 15;

/** One archive to write, and the one that has to go because of it. */
interface Arrival {
  readonly owner: Owner;
  readonly name: string;
  readonly victim: string;
}

export const reaction: Row = {
  id: 'reaction',
  title: 'last byte of a new archive written → surplus archive gone',
  async run(bench) {
    const shape = fleetOf(bench.pick({ full: 10_000, quick: 10_000, tiny: 80 }));
    const rounds = bench.pick({ full: 7, quick: 3, tiny: 1 });
    const perRound = bench.pick({ full: 40, quick: 30, tiny: 2 });
    const warmUp = bench.pick({ full: 20, quick: 20, tiny: 1 });
    bench.tell(`writing 2 × ${shape.namespaces * shape.pods * shape.archivesPerPod} archives`);
    const ours = writeDataset(bench.directory('agent'), shape);
    const floors = writeDataset(bench.directory('floor'), shape);
    const arrivals = scheduleArrivals(ours, ownersOf(shape), warmUp + rounds * perRound * SIZES.length);

    const files = bench.directory('files');
    const policyFile = writePolicyFile(files, { perPod: shape.archivesPerPod, pods: shape.pods });
    const agent = await startAgentProcess(bench, {
      checkpointDir: ours.directory,
      stateDir: bench.directory('state'),
      policyFile,
    });
    const bare = await startFloor(bench, floors.directory, arrivals);

    const measure = async (directory: string, arrival: Arrival, pagesBytes: number): Promise<number> => {
      const path = join(directory, arrival.name);
      const writtenMs = writeStretches(path, archiveStretches(arrival.owner, pagesBytes));
      const goneMs = whenGone(directory, [arrival.victim]);
      await setTimeout(REST_MS);
      return goneMs - writtenMs;
    };
    const samples = SIZES.map(() => ({ values: [] as number[][], floors: [] as number[][] }));
    for (const arrival of arrivals.splice(0, warmUp)) {
      await measure(ours.directory, arrival, MIB);
      await measure(floors.directory, arrival, MIB);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [index, { pagesBytes }] of SIZES.entries()) {
        const values: number[] = [];
        const bareValues: number[] = [];
        for (const arrival of arrivals.splice(0, perRound)) {
          values.push(await measure(ours.directory, arrival, pagesBytes));
          bareValues.push(await measure(floors.directory, arrival, pagesBytes));
        }
        samples[index]?.values.push(values);
        samples[index]?.floors.push(bareValues);
      }
      bench.tell(`round ${round + 1} of ${rounds}`);
    }
    await agent.stop();
    await bare.stop();
    return SIZES.map(({ name }, index) => figureOf(name, samples[index]));
  },
};

/** Arrivals one second apart, over all containers in turn that have a limit of their own or of their pod. */
function scheduleArrivals({ archives }: Dataset, owners: readonly Owner[], count: number): Arrival[] {
  const queues = owners
    .map((owner, index) => ({ owner, names: [...(archives[index] ?? [])] }))
    .filter(({ owner }) => !owner.namespace.endsWith('9'));
  return Array.from({ length: count }, (_, index) => {
    const queue = queues[index % queues.length];
    if (queue === undefined) throw new Error('a fleet without containers');
    const name = archiveFileName(queue.owner, new Date(AFTER_DATASET_MS + index * 1000));
    queue.names.push(name);
    return { owner: queue.owner, name, victim: queue.names.shift() ?? '' };
  });
}

async function startFloor(bench: Bench, directory: string, arrivals: readonly Arrival[]) {
  const victimsFile = join(bench.directory('victims'), 'victims.json');
  writeFileSync(victimsFile, JSON.stringify(arrivals.map(({ victim }) => victim)));
  const script = join(import.meta.dirname, '../floors/react.ts');
  const bare = bench.node(script, directory, victimsFile);
  await bare.nextLine('watching');
  return bare;
}

function figureOf(name: string, samples = { values: [] as number[][], floors: [] as number[][] }): Figure {
  const medians = (rounds: readonly number[][]): number[] => rounds.map((values) => summarize(values).median);
  const { ratio } = pairUp(medians(samples.values), medians(samples.floors));
  const value = summarize(samples.values.flat());
  return {
    name: `archive of ${name}`,
    unit: 'ms',
    value,
    floor: summarize(samples.floors.flat()),
    ratio,
    goals: [
      atMost(GOAL_RATIO, ratio.median, `≤ ${GOAL_RATIO} ×`),
      atMost(GOAL_P99_MS, value.p99, `p99 ≤ ${GOAL_P99_MS} ms`),
    ],
  };
}
