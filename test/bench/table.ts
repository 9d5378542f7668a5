import type { Summary } from './measure.ts';
import type { Figure, Row, Unit } from './row.ts';

/** What a row came to. */
export interface RowResult {
  readonly row: Pick<Row, 'id' | 'title'>;
  readonly figures: readonly Figure[];
}

const HEAD = ['what', 'value', 'floor', 'ratio', 'goal'];

/** The results as a Markdown table: min / median / max of each figure, and what it is to reach. */
export function formatTable(results: readonly RowResult[]): string {
  const lines = results.flatMap(({ row, figures }) => [
    [`**${row.title}**`, '', '', '', ''],
    ...figures.map(cellsOf),
  ]);
  const all = [HEAD, ...lines];
  const widths = HEAD.map((_, column) => Math.max(...all.map((cells) => (cells[column] ?? '').length)));
  const format = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [format(HEAD), rule, ...lines.map(format)].join('\n');
}

function cellsOf({ name, unit, value, floor, ratio, goals }: Figure): string[] {
  return [
    name,
    range(value, unit),
    floor === undefined ? '' : range(floor, unit),
    ratio === undefined ? '' : range(ratio, '×'),
    goals.map(({ text, met }) => `${text} ${met ? '✓' : '✗ **missed**'}`).join(', '),
  ];
}

function range({ count, min, median, p99, max }: Summary, unit: Unit | '×'): string {
  const suffix = unit === '' ? '' : ` ${unit}`;
  if (min === max) return `${short(median)}${suffix}`;
  const spread = `${short(min)} / ${short(median)} / ${short(max)}${suffix}`;
  return count < 100 ? spread : `${spread}, p99 ${short(p99)}`;
}

/** Three digits, or whole numbers where there are more before the point. */
function short(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}
