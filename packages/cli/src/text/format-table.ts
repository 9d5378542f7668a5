/** One column of a table. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'right';
  /** Styles a cell after its width has been measured. */
  readonly paint?: (padded: string, row: Row) => string;
}

const GAP = '  ';

/**
 * Rows as aligned columns under their headings, one line each; the last column is not padded. Plain text in, so widths are
 * those of what is seen.
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paintHeading: (line: string) => string = (line) => line,
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ heading }, index) =>
    cells.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), heading.length),
  );
  const line = (texts: readonly string[], paint: (text: string, index: number) => string): string => {
    const padded = texts.map((text, index) => {
      const width = widths[index] ?? 0;
      if (columns[index]?.align === 'right') return paint(text.padStart(width), index);
      return paint(index === texts.length - 1 ? text : text.padEnd(width), index);
    });
    return `${padded.join(GAP).trimEnd()}\n`;
  };
  const heading = line(
    columns.map((column) => column.heading),
    (text) => text,
  );
  const body = rows.map((row, index) =>
    line(cells[index] ?? [], (text, column) => columns[column]?.paint?.(text, row) ?? text),
  );
  return `${paintHeading(heading.trimEnd())}\n${body.join('')}`;
}
