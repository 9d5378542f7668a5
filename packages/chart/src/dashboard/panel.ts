/** What a panel shows, apart from where it stands and what all panels have in common. */
export type Panel = StatPanel | GraphPanel | TablePanel;

interface PanelBase {
  readonly title: string;
  /** What it says and what to do about it: behind the "i" of the panel. */
  readonly description: string;
  /** Of 24 columns. */
  readonly width: number;
}

/** A unit of Grafana: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit */
export type Unit = 'short' | 'bytes' | 's' | 'percentunit' | 'ops';

/** From a value on, a colour. The first has no value: what is below all others. */
export type Steps = readonly [
  { readonly color: string },
  ...{ readonly color: string; readonly from: number }[],
];

/** One figure of now. */
export interface StatPanel extends PanelBase {
  readonly kind: 'stat';
  readonly unit: Unit;
  /** Digits after the point; as many as are of use unless given. */
  readonly decimals?: number;
  readonly steps: Steps;
  readonly query: Query;
}

/** Lines, areas that add up, or bars that add up. */
export interface GraphPanel extends PanelBase {
  readonly kind: 'graph';
  readonly unit: Unit;
  readonly style: 'lines' | 'stacked' | 'bars';
  /** The highest value there can be. */
  readonly max?: number;
  /** What is told of each series beside its name. */
  readonly legend?: readonly ('lastNotNull' | 'max' | 'sum')[];
  readonly queries: readonly Query[];
}

/** Rows of now: a row for each set of labels. */
export interface TablePanel extends PanelBase {
  readonly kind: 'table';
  readonly columns: readonly Column[];
  /** What stands there when there are no rows. */
  readonly empty: string;
  readonly queries: readonly string[];
}

export interface Query {
  readonly expr: string;
  /** Name of each series: a word, or labels in double braces. */
  readonly name: string;
}

/** A column of a table: a label, or the value of the n-th query. */
export interface Column {
  readonly title: string;
  readonly from: string | number;
  readonly unit?: Unit;
}

/** Panels below one heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}
