/** What several measurements of the same thing came to. */
export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1
      ? at(0.5)
      : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  return { count: sorted.length, min: at(1 / sorted.length), median, p99: at(0.99), max: at(1) };
}

/** A value and its floor, measured in turns. */
export interface Paired {
  readonly value: Summary;
  readonly floor: Summary;
  /** Value by floor, round by round. */
  readonly ratio: Summary;
}

/** Summarizes measurements that belong together in pairs. */
export function pairUp(values: readonly number[], floors: readonly number[]): Paired {
  const ratios = values.map((value, round) => value / (floors[round] ?? Number.NaN));
  return { value: summarize(values), floor: summarize(floors), ratio: summarize(ratios) };
}

/**
 * Measures a value and its floor in turns, so that whatever else the machine does hits both; which of them goes first
 * changes from round to round, so that neither always finds the caches warm.
 */
export async function inTurns(
  rounds: number,
  sides: {
    readonly value: (round: number) => Promise<number>;
    readonly floor: (round: number) => Promise<number>;
  },
  onRound: (round: number) => void,
): Promise<Paired> {
  const values: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 1) floors.push(await sides.floor(round));
    values.push(await sides.value(round));
    if (round % 2 === 0) floors.push(await sides.floor(round));
    onRound(round + 1);
  }
  return pairUp(values, floors);
}
