import { fleetOf, writeDataset } from '../dataset.ts';
import { inTurns, summarize } from '../measure.ts';
import { atMost, type Row } from '../row.ts';
import { archivesOpened, bareScan, scanOf } from '../start.ts';

const GOAL_RATIO = 2;

export const warmStart: Row = {
  id: 'warm-start',
  title: 'first scan of 20,000 archives, all remembered',
  async run(bench) {
    const { directory } = writeDataset(
      bench.directory('archives'),
      fleetOf(bench.pick({ full: 20_000, quick: 20_000, tiny: 80 })),
    );
    const stateDir = bench.directory('state');
    bench.tell('first start, which reads them all');
    await scanOf(bench, directory, stateDir);
    const rounds = bench.pick({ full: 9, quick: 3, tiny: 1 });
    const paired = await inTurns(
      rounds,
      {
        value: () => scanOf(bench, directory, stateDir),
        floor: () => bareScan(bench, directory, 'stat'),
      },
      (round) => bench.tell(`round ${round} of ${rounds}`),
    );
    const opened = await archivesOpened(bench, directory, stateDir);
    return [
      {
        name: 'first scan',
        unit: 'ms',
        ...paired,
        goals: [atMost(GOAL_RATIO, paired.ratio.median, `≤ ${GOAL_RATIO} ×`)],
      },
      { name: 'archives opened', unit: '', value: summarize([opened]), goals: [atMost(0, opened, '0')] },
    ];
  },
};
