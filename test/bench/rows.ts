import type { Row } from './row.ts';
import { applyLimit } from './rows/apply-limit.ts';
import { bytesRead } from './rows/bytes-read.ts';
import { coldStart } from './rows/cold-start.ts';
import { memory } from './rows/memory.ts';
import { plan } from './rows/plan.ts';
import { reaction } from './rows/reaction.ts';
import { startUp } from './rows/start-up.ts';
import { warmStart } from './rows/warm-start.ts';

/** All rows, in the order of the table. */
export const ROWS: readonly Row[] = [
  reaction,
  bytesRead,
  coldStart,
  warmStart,
  plan,
  memory,
  applyLimit,
  startUp,
];
