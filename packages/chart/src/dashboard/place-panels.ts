import type { Panel, Row } from './panel.ts';

/** Where a panel stands, in columns (of 24) and rows (of 30 pixels) of Grafana's grid. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A heading or a panel, at its place. */
export type Placed = { readonly place: Place } & ({ readonly heading: string } | { readonly panel: Panel });

const COLUMNS = 24;
const HEIGHTS = { stat: 4, table: 7, graph: 8 } as const;

/** Puts panels one beside the other, and into a new line where the next has no room; what stands in a line is equally high. */
export function placePanels(rows: readonly Row[]): readonly Placed[] {
  const placed: Placed[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    placed.push({ heading: title, place: { x: 0, y, w: COLUMNS, h: 1 } });
    y += 1;
    for (const line of intoLines(panels)) {
      const h = Math.max(...line.map(({ kind }) => HEIGHTS[kind]));
      let x = 0;
      for (const panel of line) {
        placed.push({ panel, place: { x, y, w: panel.width, h } });
        x += panel.width;
      }
      y += h;
    }
  }
  return placed;
}

function intoLines(panels: readonly Panel[]): Panel[][] {
  const lines: Panel[][] = [];
  let room = 0;
  for (const panel of panels) {
    if (panel.width > room) {
      lines.push([]);
      room = COLUMNS;
    }
    lines.at(-1)?.push(panel);
    room -= panel.width;
  }
  return lines;
}
