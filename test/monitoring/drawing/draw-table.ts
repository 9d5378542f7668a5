import type { TargetAnswer } from '../ask-panel.ts';
import type { DashboardPanel } from '../dashboard-file.ts';
import { formatValue } from './format-value.ts';
import { type Box, COLOURS, cutText, line, text } from './svg.ts';

const ROW_HEIGHT = 22;

export function drawTable(panel: DashboardPanel, answers: readonly TargetAnswer[], box: Box): string {
  const columns = Object.entries(
    panel.transformations?.find(({ id }) => id === 'organize')?.options.renameByName ?? {},
  );
  const rows = mergeRows(answers);
  if (rows.length === 0) {
    const middle = box.x + box.width / 2;
    const empty = panel.fieldConfig?.defaults.noValue ?? '';
    return text(middle, box.y + box.height / 2, empty, { size: 14, colour: COLOURS.faint, anchor: 'middle' });
  }
  const width = box.width / columns.length;
  const cell = (content: string, column: number, row: number, colour: string = COLOURS.text) =>
    text(box.x + column * width + 4, box.y + row * ROW_HEIGHT + 15, cutText(content, width - 8), { colour });
  const room = Math.floor(box.height / ROW_HEIGHT) - 1;
  return [
    ...columns.map(([, title], column) => cell(title, column, 0, '#6e9fff')),
    ...rows
      .slice(0, room)
      .flatMap((values, row) => [
        line(box.x, box.y + (row + 1) * ROW_HEIGHT, box.x + box.width, box.y + (row + 1) * ROW_HEIGHT),
        ...columns.map(([field, title], column) =>
          cell(contentOf(values.get(field), unitOf(panel, title)), column, row + 1),
        ),
      ]),
  ].join('');
}

/** Rows of several queries that have the same labels are one, as Grafana's "merge" has it. */
function mergeRows(answers: readonly TargetAnswer[]): ReadonlyMap<string, string | number>[] {
  const rows = new Map<string, Map<string, string | number>>();
  for (const { refId, series } of answers) {
    for (const { metric, value } of series) {
      const { __name__, ...labels } = metric;
      const key = JSON.stringify(Object.entries(labels).sort());
      const row = rows.get(key) ?? new Map<string, string | number>(Object.entries(labels));
      row.set(answers.length === 1 ? 'Value' : `Value #${refId}`, Number(value?.[1]));
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

function contentOf(value: string | number | undefined, unit: string | undefined): string {
  return typeof value === 'number' ? formatValue(value, unit) : (value ?? '');
}

function unitOf(panel: DashboardPanel, title: string): string | undefined {
  return panel.fieldConfig?.overrides
    .find(({ matcher }) => matcher.options === title)
    ?.properties.find(({ id }) => id === 'unit')?.value;
}
