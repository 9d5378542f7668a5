import type { TargetAnswer } from '../ask-panel.ts';
import type { DashboardPanel, ThresholdStep } from '../dashboard-file.ts';
import { formatValue } from './format-value.ts';
import { type Box, COLOURS, rectangle, text } from './svg.ts';

export function drawStat(panel: DashboardPanel, answers: readonly TargetAnswer[], box: Box): string {
  const value = Number(answers[0]?.series[0]?.value?.[1] ?? Number.NaN);
  const { unit, decimals, thresholds } = panel.fieldConfig?.defaults ?? {};
  const middle = box.x + box.width / 2;
  const shown = Number.isNaN(value)
    ? 'No data'
    : decimals === undefined
      ? formatValue(value, unit)
      : formatValue(Number(value.toFixed(decimals)), unit);
  return [
    Number.isNaN(value) ? '' : rectangle(box, colourOf(value, thresholds?.steps ?? []), 3),
    text(middle, box.y + box.height / 2 + 11, shown, {
      size: 30,
      anchor: 'middle',
      weight: 600,
      colour: '#fff',
    }),
  ].join('');
}

function colourOf(value: number, steps: readonly ThresholdStep[]): string {
  const reached = steps.findLast((step) => step.value === null || value >= step.value);
  return (COLOURS as Readonly<Record<string, string>>)[reached?.color ?? ''] ?? COLOURS.line;
}
