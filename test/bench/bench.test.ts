import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, createBench } from './bench.ts';
import { pairUp, summarize } from './measure.ts';
import { ROWS } from './rows.ts';
import { formatTable } from './table.ts';

const CLI = join(import.meta.dirname, '../../packages/cli');

describe('the bench', () => {
  let bench: Bench;
  let directory: string;

  beforeAll(() => {
    execFileSync(process.execPath, [join(CLI, 'build.mjs')]);
  });
  beforeEach(() => {
    const program = join(CLI, 'dist/checkpoint-warden.mjs');
    bench = createBench({ program, scale: 'tiny', tell: () => {} });
    directory = bench.directory('test');
  });
  afterEach(() => {
    bench.close();
    expect(existsSync(directory)).toBe(false);
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(ROWS.map((row) => [row.id, row] as const))('measures %s', async (_, row) => {
    const figures = await row.run(bench);
    expect(figures.length).toBeGreaterThan(0);
    for (const { value, ratio } of figures) {
      expect(value.median).toBeGreaterThanOrEqual(0);
      if (ratio !== undefined) expect(ratio.median).toBeGreaterThan(0);
    }
    expect(formatTable([{ row, figures }])).toContain(row.title);
  });
});

describe('summarize', () => {
  it('takes the middle of an odd number and the mean of the two in the middle of an even one', () => {
    expect(summarize([3, 1, 2])).toEqual({ count: 3, min: 1, median: 2, p99: 3, max: 3 });
    expect(summarize([4, 1, 3, 2]).median).toBe(2.5);
  });
});

describe('pairUp', () => {
  it('compares round by round', () => {
    expect(pairUp([10, 40], [10, 20]).ratio).toEqual({ count: 2, min: 1, median: 1.5, p99: 2, max: 2 });
  });
});
