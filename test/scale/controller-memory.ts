import { pairUp } from '../bench/measure.ts';
import { readProcStats } from '../bench/proc-stats.ts';
import type { RunningProcess } from '../bench/process.ts';
import { atMost, type Figure } from '../bench/row.ts';
import type { ScaleRig } from './scale-rig.ts';

const GOAL_MIB = 512;

/** Resident memory beside that of a map of as many keys and as many kept connections. */
export function measureMemory({ bare }: ScaleRig, { pid }: RunningProcess, when: string): Figure {
  const [ours, floor] = [pid, bare.pid].map(readProcStats);
  const paired = pairUp([ours?.rssMib ?? Number.NaN], [floor?.rssMib ?? Number.NaN]);
  return {
    name: `resident memory ${when}`,
    unit: 'MiB',
    ...paired,
    goals: [atMost(GOAL_MIB, paired.value.max, `≤ ${GOAL_MIB} MiB`)],
  };
}
