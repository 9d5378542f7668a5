import { COST_ROW } from './cost-row.ts';
import { DELETIONS_ROW } from './deletions-row.ts';
import { DISKS_ROW } from './disks-row.ts';
import { HEALTH_ROW } from './health-row.ts';
import { panelJson } from './panel-json.ts';
import { placePanels } from './place-panels.ts';
import { POLICY_ROW } from './policy-row.ts';

const ROWS = [HEALTH_ROW, DISKS_ROW, DELETIONS_ROW, POLICY_ROW, COST_ROW] as const;

/** Of the JSON model; Grafana 11 brings a dashboard of it to its own version when it is loaded. */
const SCHEMA_VERSION = 39;

/** The dashboard in Grafana's JSON model. */
export function dashboard(): string {
  return `${JSON.stringify(model(), undefined, 2)}\n`;
}

function model(): Record<string, unknown> {
  return {
    uid: 'checkpoint-warden',
    title: 'checkpoint-warden',
    description:
      'What fills the disks of the nodes with checkpoint archives, what goes and why, and whether all is well.',
    tags: ['checkpoint-warden'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    time: { from: 'now-24h', to: 'now' },
    timezone: 'browser',
    refresh: '1m',
    annotations: { list: [] },
    links: [],
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'Data source',
          type: 'datasource',
          query: 'prometheus',
          current: {},
          refresh: 1,
          regex: '',
          hide: 0,
          includeAll: false,
          multi: false,
          options: [],
        },
        variable('cluster', 'Cluster', 'checkpoint_warden_build_info'),
        variable('namespace', 'Namespace', 'checkpoint_warden_build_info{cluster=~"$cluster"}'),
        variable('node', 'Node', 'checkpoint_warden_archives{cluster=~"$cluster", namespace=~"$namespace"}'),
      ],
    },
    panels: placePanels(ROWS).map((placed, index) => ({
      id: index + 1,
      gridPos: placed.place,
      ...('heading' in placed
        ? { type: 'row', title: placed.heading, collapsed: false, panels: [] }
        : panelJson(placed.panel)),
    })),
  };
}

/** The values of a label. "All" matches also what lacks it: without several clusters nothing has a label `cluster`. */
function variable(name: string, label: string, of: string): Record<string, unknown> {
  const query = `label_values(${of}, ${name})`;
  return {
    name,
    label,
    type: 'query',
    datasource: { type: 'prometheus', uid: '$datasource' },
    definition: query,
    query: { qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    refresh: 2,
    regex: '',
    sort: 1,
    hide: 0,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { selected: true, text: ['All'], value: ['$__all'] },
    options: [],
  };
}
