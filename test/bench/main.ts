import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createBench } from './bench.ts';
import { describeMachine } from './machine.ts';
import { ROWS } from './rows.ts';
import { formatTable, type RowResult } from './table.ts';

const USAGE = `Use: npm run bench -- [ROW…] [--quick] [--json FILE] [--program FILE]

Measures each row with its floor in the same run. A missed goal is marked and is no failure.
  ROW            ${ROWS.map(({ id }) => id).join(', ')}; all unless given
  --quick        fewer rounds
  --json FILE    write all figures to a file as well
  --program FILE another build of the program

What each row means: docs/reference/benchmarks.md`;

const PROGRAM = join(import.meta.dirname, '../../packages/cli/dist/checkpoint-warden.mjs');

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        program: { type: 'string', default: PROGRAM },
        help: { type: 'boolean', default: false },
      },
    });
    const unknown = positionals.find((id) => ROWS.every((row) => row.id !== id));
    if (unknown !== undefined) throw new Error(`there is no row "${unknown}"`);
    if (values.help) {
      console.log(USAGE);
      process.exit();
    }
    return { ...values, rows: ROWS.filter(({ id }) => positionals.length === 0 || positionals.includes(id)) };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { rows, quick, json, program } = readArguments();
const tell = (text: string): void => console.error(`  ${text}`);
const bench = createBench({ program, scale: quick ? 'quick' : 'full', tell });
process.once('exit', () => bench.close());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

const machine = describeMachine(bench.directory('machine'));
console.error(machine);
const results: RowResult[] = [];
for (const row of rows) {
  const startedMs = performance.now();
  console.error(`${row.id}: ${row.title}`);
  try {
    results.push({ row: { id: row.id, title: row.title }, figures: await row.run(bench) });
  } catch (error) {
    console.error(error);
    process.exitCode = 1; // the other rows are measured all the same
  }
  tell(`took ${Math.round((performance.now() - startedMs) / 1000)} s`);
}
console.log(`${formatTable(results)}\n\nmin / median / max. ${machine}.`);
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
