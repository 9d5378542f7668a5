import { describe, expect, it } from 'vitest';
import { type DashboardPanel, readDashboard } from './dashboard-file.ts';

const { panels, templating } = readDashboard();
const shown = panels.filter(({ type }) => type !== 'row');

describe('the dashboard', () => {
  it.each(shown)('$title: a description, a unit and a query in each panel', (panel) => {
    expect(panel.description?.length).toBeGreaterThan(20);
    expect(panel.targets?.length).toBeGreaterThan(0);
    if (panel.type === 'table') expect(panel.fieldConfig?.defaults.noValue).toBeDefined();
    else expect(panel.fieldConfig?.defaults.unit).toBeDefined();
  });

  it.each(shown)('$title: only variables that there are', ({ targets = [] }) => {
    const known = [...templating.list.map(({ name }) => name), '__interval', '__rate_interval', '__range'];
    const used = targets.flatMap(({ expr }) => [...expr.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name));
    expect(known).toEqual(expect.arrayContaining(used));
  });

  it('has every panel once, in the grid, and no two at one place', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const taken = panels.flatMap(cellsOf);
    expect(new Set(taken).size).toBe(taken.length);
  });
});

function cellsOf({ gridPos: { x, y, w, h } }: DashboardPanel): string[] {
  expect(x + w).toBeLessThanOrEqual(24);
  return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
}
