import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAgentProcess, writePolicyFile } from '../agent-process.ts';
import type { Bench } from '../bench.ts';
import { type Dataset, fleetOf, restoreOldest, writeDataset } from '../dataset.ts';
import { inTurns } from '../measure.ts';
import { whenGone } from '../observe.ts';
import { atMost, type Row } from '../row.ts';

const GOAL_RATIO = 2;

export const applyLimit: Row = {
  id: 'apply-limit',
  title: 'applying a halved limit at once to 10,000 archives',
  async run(bench) {
    const shape = fleetOf(bench.pick({ full: 10_000, quick: 10_000, tiny: 80 }));
    const half = shape.archivesPerPod / 2;
    const rounds = bench.pick({ full: 5, quick: 2, tiny: 1 });
    bench.tell('writing two directories of archives');
    const ours = writeDataset(bench.directory('agent'), shape);
    const floors = writeDataset(bench.directory('floor'), shape);
    const paired = await inTurns(
      rounds,
      {
        value: async (round) => {
          if (round > 0) restoreOldest(ours, shape, half);
          return applyByAgent(bench, ours, { half, pods: shape.pods });
        },
        floor: async (round) => {
          if (round > 0) restoreOldest(floors, shape, half);
          return unlinkBare(bench, floors, half);
        },
      },
      (round) => bench.tell(`round ${round} of ${rounds}`),
    );
    const goals = [atMost(GOAL_RATIO, paired.ratio.median, `≤ ${GOAL_RATIO} ×`)];
    return [{ name: 'the policy is in force → all gone', unit: 'ms', ...paired, goals }];
  },
};

/** From the line in which the agent says that it has the new policy to the last archive over its limits gone. */
async function applyByAgent(
  bench: Bench,
  { directory, archives }: Dataset,
  { half, pods }: { readonly half: number; readonly pods: number },
): Promise<number> {
  const policyDir = bench.directory('files');
  const policyFile = writePolicyFile(policyDir, { perPod: 2 * half, pods, immediately: true });
  const files = { checkpointDir: directory, stateDir: bench.directory('state'), policyFile };
  const agent = await startAgentProcess(bench, files);
  const taken = agent.nextLine('"policy changed"');
  writePolicyFile(policyDir, { perPod: half, pods, immediately: true });
  await taken;
  const startedMs = performance.now();
  const goneMs = whenGone(directory, victimsOf(archives, half));
  await agent.stop();
  return goneMs - startedMs;
}

/** The same files unlinked in the order in which the directory lists them, which is the quickest. */
async function unlinkBare(bench: Bench, { directory, archives }: Dataset, half: number): Promise<number> {
  const victims = victimsOf(archives, half);
  const wanted = new Set(victims);
  const victimsFile = join(bench.directory('victims'), 'victims.json');
  writeFileSync(victimsFile, JSON.stringify(readdirSync(directory).filter((name) => wanted.has(name))));
  const bare = bench.node(join(import.meta.dirname, '../floors/unlink.ts'), directory, victimsFile);
  await bare.nextLine('waiting');
  const starting = bare.nextLine('starting');
  bare.send('go');
  await starting;
  const startedMs = performance.now();
  const goneMs = whenGone(directory, victims);
  await bare.ended;
  return goneMs - startedMs;
}

/** The older half of each pod's archives. */
function victimsOf(archives: Dataset['archives'], half: number): string[] {
  return archives.flatMap((names) => names.slice(0, half));
}
