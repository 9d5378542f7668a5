import { describe, expect, it } from 'vitest';
import { readDashboard } from '../dashboard-file.ts';
import { drawDashboard } from '../draw-dashboard.ts';
import { formatValue } from './format-value.ts';
import { niceTicks } from './nice-ticks.ts';

describe('formatValue', () => {
  it.each([
    [1536, 'bytes', '1.5 KiB'],
    [0.05, 'percentunit', '5 %'],
    [0.0123, 's', '12.3 ms'],
    [600, 's', '10 min'],
    [7_776_000, 's', '90 d'],
    [12_345, 'short', '12.3 K'],
    [Number.NaN, 'short', '–'],
  ])('%d in %s is %s', (value, unit, shown) => {
    expect(formatValue(value, unit)).toBe(shown);
  });
});

it.each([
  [7, [0, 2, 4, 6, 8]],
  [1, [0, 0.5, 1]],
])('niceTicks reach %d in round steps', (max, ticks) => {
  expect(niceTicks(max, 4)).toEqual(ticks);
});

describe('drawDashboard', () => {
  const START = 1_700_000_000;
  const prometheus = {
    query: async () => [{ metric: { node: 'a<b', reason: 'expired' }, value: [START, '3'] as const }],
    queryRange: async (_: string, { start, stepSeconds }: { start: number; stepSeconds: number }) => [
      {
        metric: { node: 'a<b' },
        values: [0, 1, 3].map((step) => [start + step * stepSeconds, '2'] as const),
      },
    ],
  };

  it('draws every panel, from what is answered', async () => {
    const svg = await drawDashboard(prometheus, { start: START, end: START + 900 });
    for (const { title } of readDashboard().panels) expect(svg).toContain(title.slice(0, 12));
    expect(svg).toContain('a&lt;b');
    expect(svg).not.toMatch(/NaN|undefined|a<b/);
  });

  it('says where there is nothing', async () => {
    const none = { query: async () => [], queryRange: async () => [] };
    const svg = await drawDashboard(none, { start: START, end: START + 900 });
    expect(svg).toContain('No alert fires.');
    expect(svg).toContain('No data');
  });
});
