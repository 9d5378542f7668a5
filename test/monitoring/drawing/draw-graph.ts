import { spanOf, type TargetAnswer } from '../ask-panel.ts';
import type { DashboardPanel } from '../dashboard-file.ts';
import type { Span } from '../prometheus.ts';
import { formatValue } from './format-value.ts';
import { niceTicks, niceTimeTicks } from './nice-ticks.ts';
import { type Box, COLOURS, cutText, line, rectangle, round, seriesColour, text, textWidth } from './svg.ts';

interface Curve {
  readonly name: string;
  readonly colour: string;
  /** One for each step; NaN where there is none. */
  readonly values: readonly number[];
}

const AXIS_WIDTH = 58;
const AXIS_HEIGHT = 18;
const LEGEND_LINE = 17;
const MOST_LEGEND_LINES = 3;

export function drawGraph(
  panel: DashboardPanel,
  answers: readonly TargetAnswer[],
  over: Span,
  box: Box,
): string {
  const span = spanOf(panel, over);
  const { unit, max, custom } = panel.fieldConfig?.defaults ?? {};
  const curves = curvesOf(answers, span);
  if (curves.length === 0) {
    return text(box.x + box.width / 2, box.y + box.height / 2, 'No data', {
      size: 14,
      colour: COLOURS.faint,
      anchor: 'middle',
    });
  }
  const legend = drawLegend(curves, panel, box);
  const plot = {
    x: box.x + AXIS_WIDTH,
    y: box.y + 4,
    width: box.width - AXIS_WIDTH - 6,
    height: box.height - legend.height - AXIS_HEIGHT - 8,
  };
  const isStacked = custom?.stacking?.mode === 'normal';
  const layers = isStacked
    ? stack(curves)
    : curves.map(({ values }) => ({ from: values.map(() => 0), to: values }));
  const highest = Math.max(...layers.flatMap(({ to }) => to.filter((value) => !Number.isNaN(value))), 0);
  const shownMax = max ?? (highest > 0 ? highest : 1);
  const ticks = unit === 's' ? niceTimeTicks(shownMax, 4) : niceTicks(shownMax, 4, unit === 'bytes' ? 2 : 10);
  const top = ticks.at(-1) ?? 1;
  const steps = curves[0]?.values.length ?? 0;
  const x = (step: number) => plot.x + (plot.width * step) / Math.max(steps - 1, 1);
  const y = (value: number) => plot.y + plot.height * (1 - Math.min(value, top) / top);
  const draw = custom?.drawStyle === 'bars' ? drawBars : isStacked ? drawArea : drawLine;
  return [
    ...ticks.flatMap((tick) => [
      line(plot.x, y(tick), plot.x + plot.width, y(tick)),
      text(plot.x - 6, y(tick) + 4, formatValue(tick, unit), {
        size: 11,
        colour: COLOURS.faint,
        anchor: 'end',
      }),
    ]),
    ...timeTicks(span).map(({ share, label }) =>
      text(plot.x + plot.width * share, plot.y + plot.height + 15, label, {
        size: 11,
        colour: COLOURS.faint,
        anchor: 'middle',
      }),
    ),
    ...layers.map(({ from, to }, index) => draw({ from, to, x, y }, curves[index]?.colour ?? COLOURS.text)),
    legend.svg,
  ].join('');
}

function curvesOf(answers: readonly TargetAnswer[], { start, end, stepSeconds }: Span): readonly Curve[] {
  const steps = Math.floor((end - start) / stepSeconds + 1e-6) + 1;
  return answers
    .flatMap(({ legendFormat, series }) =>
      series.map(({ metric, values = [] }) => {
        const found = new Map(
          values.map(([time, value]) => [Math.round((time - start) / stepSeconds), Number(value)]),
        );
        const name = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');
        return { name, values: Array.from({ length: steps }, (_, step) => found.get(step) ?? Number.NaN) };
      }),
    )
    .map((curve, index) => ({ ...curve, colour: seriesColour(index) }));
}

interface Layer {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** One above the other; what is not there takes no room. */
function stack(curves: readonly Curve[]): readonly Layer[] {
  let from: readonly number[] = curves[0]?.values.map(() => 0) ?? [];
  return curves.map(({ values }) => {
    const below = from;
    const to = below.map((value, step) => value + (Number.isNaN(values[step]) ? 0 : (values[step] ?? 0)));
    from = to;
    return { from: below, to };
  });
}

interface Drawing extends Layer {
  readonly x: (step: number) => number;
  readonly y: (value: number) => number;
}

function drawLine({ to, x, y }: Drawing, colour: string): string {
  let isDown = false;
  const path = to.map((value, step) => {
    if (Number.isNaN(value)) {
      isDown = false;
      return '';
    }
    const command = `${isDown ? 'L' : 'M'}${round(x(step))} ${round(y(value))}`;
    isDown = true;
    return command;
  });
  return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
}

function drawArea({ from, to, x, y }: Drawing, colour: string): string {
  const points = (values: readonly number[]) =>
    values.map((value, step) => `${round(x(step))} ${round(y(value))}`);
  const outline = [...points(to), ...points(from).reverse()].join('L');
  return `<path d="M${outline}Z" fill="${colour}" fill-opacity="0.45"/>${drawLine({ from, to, x, y }, colour)}`;
}

function drawBars({ from, to, x, y }: Drawing, colour: string): string {
  const width = Math.max((x(1) - x(0)) * 0.8, 1);
  return to
    .map((value, step) => {
      const height = y(from[step] ?? 0) - y(value);
      return height < 0.1 ? '' : rectangle({ x: x(step) - width / 2, y: y(value), width, height }, colour);
    })
    .join('');
}

function drawLegend(
  curves: readonly Curve[],
  panel: DashboardPanel,
  box: Box,
): { svg: string; height: number } {
  const [calculation] = panel.options?.legend?.calcs ?? [];
  const unit = panel.fieldConfig?.defaults.unit;
  const lines: { x: number; curve: Curve; label: string }[][] = [[]];
  let x = box.x + 4;
  for (const curve of curves) {
    const figure =
      calculation === undefined ? '' : ` ${formatValue(calculate(calculation, curve.values), unit)}`;
    const label = cutText(`${curve.name}${figure}`, box.width - 30);
    const width = textWidth(label) + 30;
    if (x + width > box.x + box.width && (lines.at(-1)?.length ?? 0) > 0) {
      lines.push([]);
      x = box.x + 4;
    }
    lines.at(-1)?.push({ x, curve, label });
    x += width;
  }
  const shown = lines.slice(0, MOST_LEGEND_LINES);
  const height = shown.length * LEGEND_LINE;
  const svg = shown
    .flatMap((entries, index) => {
      const y = box.y + box.height - height + index * LEGEND_LINE + 12;
      return entries.map(
        ({ x: left, curve, label }) =>
          rectangle({ x: left, y: y - 6, width: 12, height: 4 }, curve.colour, 2) + text(left + 17, y, label),
      );
    })
    .join('');
  return { svg, height };
}

function calculate(calculation: string, values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  if (calculation === 'max') return Math.max(...known);
  if (calculation === 'sum') return known.reduce((sum, value) => sum + value, 0);
  return known.at(-1) ?? Number.NaN;
}

function timeTicks({ start, end }: Span): readonly { share: number; label: string }[] {
  return [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => ({
    share,
    label: new Date((start + share * (end - start)) * 1_000).toISOString().slice(11, 19),
  }));
}
