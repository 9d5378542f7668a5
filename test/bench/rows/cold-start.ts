import { fleetOf, writeDataset } from '../dataset.ts';
import { inTurns } from '../measure.ts';
import { atMost, type Row } from '../row.ts';
import { bareScan, scanOf } from '../start.ts';

const GOAL_RATIO = 1.5;

export const coldStart: Row = {
  id: 'cold-start',
  title: 'first scan of 20,000 archives, nothing remembered',
  async run(bench) {
    const { directory } = writeDataset(
      bench.directory('archives'),
      fleetOf(bench.pick({ full: 20_000, quick: 20_000, tiny: 80 })),
    );
    const rounds = bench.pick({ full: 7, quick: 3, tiny: 1 });
    const paired = await inTurns(
      rounds,
      {
        value: () => scanOf(bench, directory, bench.directory('state')),
        floor: () => bareScan(bench, directory, 'headers'),
      },
      (round) => bench.tell(`round ${round} of ${rounds}`),
    );
    const goals = [atMost(GOAL_RATIO, paired.ratio.median, `≤ ${GOAL_RATIO} ×`)];
    return [{ name: 'first scan', unit: 'ms', ...paired, goals }];
  },
};
