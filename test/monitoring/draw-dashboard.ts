/**
 * Draws the dashboard with what a real Prometheus answers to its queries: Grafana itself is in no package registry that the
 * tests can use. It is about what Grafana shows, and no more: queries, units, thresholds, stacking, legends.
 *
 *     node test/monitoring/draw-dashboard.ts http://127.0.0.1:9090 --minutes 15 > docs/images/dashboard.svg
 */
import { parseArgs } from 'node:util';
import { askPanel, type TargetAnswer } from './ask-panel.ts';
import { type DashboardPanel, readDashboard } from './dashboard-file.ts';
import { drawGraph } from './drawing/draw-graph.ts';
import { drawStat } from './drawing/draw-stat.ts';
import { drawTable } from './drawing/draw-table.ts';
import { type Box, COLOURS, cutText, rectangle, text } from './drawing/svg.ts';
import { clientOf, type Prometheus, type Span } from './prometheus.ts';

const COLUMN = 60;
const ROW = 32;
const GAP = 8;
const HEADER = 46;
/** Steps over the width of a panel. */
const STEPS = 90;

/** @returns the picture as SVG */
export async function drawDashboard(
  prometheus: Pick<Prometheus, 'query' | 'queryRange'>,
  { start, end }: Pick<Span, 'start' | 'end'>,
): Promise<string> {
  const { panels, title } = readDashboard();
  const stepSeconds = Math.max(Math.ceil((end - start) / STEPS), 1);
  const span = { start, end: start + Math.floor((end - start) / stepSeconds) * stepSeconds, stepSeconds };
  const drawn: string[] = [];
  for (const panel of panels) {
    drawn.push(
      panel.type === 'row'
        ? drawHeading(panel)
        : drawPanel(panel, await askPanel(panel, prometheus, span), span),
    );
  }
  const width = 24 * COLUMN + GAP;
  const height = HEADER + Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * ROW + GAP;
  const day = new Date(start * 1_000).toISOString().slice(0, 10);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="Inter, Helvetica, Arial, sans-serif">`,
    rectangle({ x: 0, y: 0, width, height }, COLOURS.page),
    text(GAP * 2, 30, title, { size: 20, weight: 600 }),
    text(width - GAP * 2, 30, `cluster: All   namespace: All   node: All      ${day}, UTC`, {
      size: 13,
      anchor: 'end',
      colour: COLOURS.faint,
    }),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function drawHeading(panel: DashboardPanel): string {
  const { x, y } = boxOf(panel);
  return text(x + 4, y + 20, `⌄ ${panel.title}`, { size: 16, weight: 600 });
}

function drawPanel(panel: DashboardPanel, answers: readonly TargetAnswer[], span: Span): string {
  const box = boxOf(panel);
  const body = { x: box.x + 8, y: box.y + 30, width: box.width - 16, height: box.height - 38 };
  return [
    rectangle(box, COLOURS.panel, 3),
    text(box.x + 10, box.y + 19, cutText(panel.title, box.width - 20, 13), { size: 13, weight: 600 }),
    panel.type === 'stat'
      ? drawStat(panel, answers, body)
      : panel.type === 'table'
        ? drawTable(panel, answers, body)
        : drawGraph(panel, answers, span, body),
  ].join('');
}

function boxOf({ gridPos: { x, y, w, h } }: DashboardPanel): Box {
  return { x: x * COLUMN + GAP, y: HEADER + y * ROW, width: w * COLUMN - GAP, height: h * ROW - GAP };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { minutes: { type: 'string', default: '60' } },
    allowPositionals: true,
  });
  const end = Date.now() / 1_000;
  const start = end - Number(values.minutes) * 60;
  process.stdout.write(
    await drawDashboard(clientOf(positionals[0] ?? 'http://127.0.0.1:9090'), { start, end }),
  );
}
