import type { Column, GraphPanel, Panel, Query, StatPanel, TablePanel } from './panel.ts';

/** The variable that chooses the Prometheus. */
const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;
/** Bars are no finer than that: `increase` needs two scrapes in each. */
const BAR_INTERVAL = '5m';

/** A panel as Grafana's JSON model has it, but for `id` and `gridPos`: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
export function panelJson(panel: Panel): Record<string, unknown> {
  const { title, description } = panel;
  return { title, description, datasource: DATASOURCE, ...bodyOf(panel) };
}

function bodyOf(panel: Panel): Record<string, unknown> {
  switch (panel.kind) {
    case 'stat':
      return statBody(panel);
    case 'graph':
      return graphBody(panel);
    case 'table':
      return tableBody(panel);
  }
}

function statBody({ unit, decimals, steps, query }: StatPanel): Record<string, unknown> {
  return {
    type: 'stat',
    fieldConfig: {
      defaults: {
        unit,
        ...(decimals === undefined ? {} : { decimals }),
        color: { mode: 'thresholds' },
        thresholds: {
          mode: 'absolute',
          steps: steps.map((step) => ({ color: step.color, value: 'from' in step ? step.from : null })),
        },
      },
      overrides: [],
    },
    options: {
      colorMode: 'background',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: 'value',
    },
    targets: [{ ...target(query.expr, 0), legendFormat: query.name, instant: true, range: false }],
  };
}

function graphBody({ unit, style, max, legend, queries }: GraphPanel): Record<string, unknown> {
  return {
    type: 'timeseries',
    ...(style === 'bars' ? { interval: BAR_INTERVAL } : {}),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max === undefined ? {} : { max }),
        color: { mode: 'palette-classic' },
        custom: {
          drawStyle: style === 'bars' ? 'bars' : 'line',
          lineWidth: 1,
          fillOpacity: { lines: 5, stacked: 40, bars: 80 }[style],
          showPoints: 'never',
          spanNulls: false,
          stacking: { mode: style === 'lines' ? 'none' : 'normal', group: 'A' },
        },
      },
      overrides: [],
    },
    options: {
      legend: {
        displayMode: legend === undefined ? 'list' : 'table',
        placement: 'bottom',
        showLegend: true,
        calcs: legend ?? [],
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: queries.map(({ expr, name }: Query, index) => ({
      ...target(expr, index),
      legendFormat: name,
      range: true,
    })),
  };
}

function tableBody({ columns, empty, queries }: TablePanel): Record<string, unknown> {
  const names = columns.map((column) => columnName(column, queries.length));
  return {
    type: 'table',
    fieldConfig: {
      defaults: { noValue: empty, custom: { align: 'auto' } },
      overrides: columns.flatMap(({ title, unit }) =>
        unit === undefined
          ? []
          : [{ matcher: { id: 'byName', options: title }, properties: [{ id: 'unit', value: unit }] }],
      ),
    },
    options: { showHeader: true, cellHeight: 'sm' },
    targets: queries.map((expr, index) => ({
      ...target(expr, index),
      format: 'table',
      instant: true,
      range: false,
    })),
    transformations: [
      { id: 'merge', options: {} },
      { id: 'filterFieldsByName', options: { include: { names } } },
      {
        id: 'organize',
        options: {
          indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
          renameByName: Object.fromEntries(columns.map(({ title }, index) => [names[index], title])),
        },
      },
    ],
  };
}

/** How Grafana names what a column is taken from: after the query when there are several. */
function columnName({ from }: Column, queries: number): string {
  if (typeof from === 'string') return from;
  return queries === 1 ? 'Value' : `Value #${refId(from)}`;
}

function target(expr: string, index: number): Record<string, unknown> {
  return { refId: refId(index), datasource: DATASOURCE, editorMode: 'code', expr };
}

function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}
