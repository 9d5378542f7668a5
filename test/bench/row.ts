import type { Bench } from './bench.ts';
import type { Summary } from './measure.ts';

export type Unit = 'ms' | 'bytes' | 'MiB' | '%' | '';

/** What a figure is to reach. A missed goal is marked in the table; it fails nothing. */
export interface Goal {
  readonly text: string;
  readonly met: boolean;
}

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly value: Summary;
  readonly floor?: Summary;
  readonly ratio?: Summary;
  readonly goals: readonly Goal[];
}

/** One claim about how fast the program is, with its floor. What each row means is in docs/reference/benchmarks.md. */
export interface Row {
  /** What the command line calls it. */
  readonly id: string;
  readonly title: string;
  run(bench: Bench): Promise<readonly Figure[]>;
}

/** A goal that a number does not exceed. */
export function atMost(limit: number, measured: number, text: string): Goal {
  return { text, met: measured <= limit };
}
