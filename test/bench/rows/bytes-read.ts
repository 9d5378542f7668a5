import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readArchive } from '@checkpoint-warden/agent';
import { archiveFileName, FIXTURE_DIR } from '@checkpoint-warden/agent/testing';
import { startAgentProcess, writePolicyFile } from '../agent-process.ts';
import type { Bench } from '../bench.ts';
import { countReadBytes } from '../count-calls.ts';
import { AFTER_DATASET_MS, archiveStretches, writeStretches } from '../dataset.ts';
import { hopHeaders } from '../floors/hop-headers.ts';
import { type Paired, pairUp } from '../measure.ts';
import { whenGone } from '../observe.ts';
import { readProcStats } from '../proc-stats.ts';
import { atMost, type Figure, type Row } from '../row.ts';

const MIB = 2 ** 20;
const SIZES = [
  { name: '1 MiB', pagesBytes: MIB },
  { name: '4 GiB', pagesBytes: 4096 * MIB },
];
const OWNER = { namespace: 'team-00', pod: 'web-0', container: 'app' };
const GOAL_RATIO = 1.2;
const GOAL_BYTES = 100_000;
/** The agent is idle when the next archive comes. */
const REST_MS = 15;

export const bytesRead: Row = {
  id: 'bytes-read',
  title: 'bytes read per new archive',
  async run(bench) {
    const directory = bench.directory('sizes');
    const written = SIZES.map(({ pagesBytes }, index) => {
      const path = join(directory, archiveFileName(OWNER, new Date(AFTER_DATASET_MS + index * 1000)));
      writeStretches(path, archiveStretches(OWNER, pagesBytes));
      return path;
    });
    const fixtures = readdirSync(FIXTURE_DIR)
      .filter((name) => name.startsWith('checkpoint-'))
      .map((name) => join(FIXTURE_DIR, name));
    return [
      figureOf('real archives', readingOf(fixtures)),
      ...SIZES.map(({ name }, index) =>
        figureOf(`archive of ${name}`, readingOf(written.slice(index, index + 1))),
      ),
      await whileWriting(bench),
    ];
  },
};

/** Reads archives with and without our code. */
function readingOf(paths: readonly string[]): Paired {
  const values = paths.map((path) => countReadBytes(() => readArchive(path)));
  return pairUp(values, paths.map(floorBytes));
}

/** Headers, `config.dump` and `spec.dump`. */
function floorBytes(path: string): number {
  const block = Buffer.alloc(512);
  let bytes = 0;
  hopHeaders(path, block, (entryBytes) => {
    bytes += block.length;
    const name = block.toString('latin1', 0, 12).replace(/\0.*/s, '');
    if (name === 'config.dump' || name === 'spec.dump') bytes += entryBytes;
  });
  return bytes;
}

function figureOf(name: string, paired: Paired): Figure {
  return {
    name,
    unit: 'bytes',
    ...paired,
    goals: [
      atMost(GOAL_RATIO, paired.ratio.max, `≤ ${GOAL_RATIO} ×`),
      atMost(GOAL_BYTES, paired.value.max, '≤ 100 KB'),
    ],
  };
}

/**
 * What a whole agent reads, from anything, while an archive arrives piece by piece: it looks more than once. Its policy
 * keeps one archive; when the one before is gone, the new one has been read.
 */
async function whileWriting(bench: Bench): Promise<Figure> {
  const checkpointDir = bench.directory('arriving');
  const stateDir = bench.directory('state');
  const policyFile = writePolicyFile(bench.directory('files'), { perPod: 1, pods: 1 });
  const agent = await startAgentProcess(bench, { checkpointDir, stateDir, policyFile });
  const arrive = (index: number): string => {
    const name = archiveFileName(OWNER, new Date(AFTER_DATASET_MS + index * 1000));
    writeStretches(join(checkpointDir, name), archiveStretches(OWNER, MIB));
    return name;
  };
  let before = arrive(0);
  const values: number[] = [];
  const floors: number[] = [];
  for (let index = 1; index <= bench.pick({ full: 30, quick: 20, tiny: 2 }); index++) {
    const readBefore = readProcStats(agent.pid).readBytes;
    const name = arrive(index);
    whenGone(checkpointDir, [before]);
    await setTimeout(REST_MS);
    values.push(readProcStats(agent.pid).readBytes - readBefore);
    floors.push(floorBytes(join(checkpointDir, name)));
    before = name;
  }
  await agent.stop();
  const paired = pairUp(values, floors);
  return {
    name: 'the whole agent, archive written in 70 pieces',
    unit: 'bytes',
    ...paired,
    goals: [atMost(GOAL_BYTES, paired.value.median, '≤ 100 KB')],
  };
}
