import type { Query, Row } from './panel.ts';
import { ofAgents, ofController, ofProcesses } from './selectors.ts';

/** Of thousands of agents, the worst and the average tell enough. */
function worstAndAverage(expr: string): readonly Query[] {
  return [
    { expr: `max by (job) (${expr})`, name: '{{job}} max' },
    { expr: `avg by (job) (${expr})`, name: '{{job}} average' },
  ];
}

export const COST_ROW: Row = {
  title: 'What does it cost?',
  panels: [
    {
      kind: 'graph',
      title: 'CPU',
      description: 'Cores in use: the agent or controller that uses most, and the average.',
      width: 8,
      unit: 'short',
      style: 'lines',
      legend: ['lastNotNull', 'max'],
      queries: worstAndAverage(`rate(${ofProcesses('process_cpu_seconds_total')}[$__rate_interval])`),
    },
    {
      kind: 'graph',
      title: 'Memory',
      description: 'Resident memory: the agent or controller that uses most, and the average.',
      width: 8,
      unit: 'bytes',
      style: 'lines',
      legend: ['lastNotNull', 'max'],
      queries: worstAndAverage(ofProcesses('process_resident_memory_bytes')),
    },
    {
      kind: 'graph',
      title: 'Duration of a full scan',
      description: 'The 20 nodes where it takes longest.',
      width: 8,
      unit: 's',
      style: 'lines',
      legend: ['lastNotNull', 'max'],
      queries: [
        {
          expr: `topk(20, max by (cluster, node) (${ofAgents('checkpoint_warden_scan_duration_seconds')}))`,
          name: '{{node}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Event loop held up',
      description: 'The longest time since the scrape before in which a process did nothing else.',
      width: 7,
      unit: 's',
      style: 'lines',
      legend: ['max'],
      queries: worstAndAverage(ofProcesses('nodejs_eventloop_lag_max_seconds')),
    },
    {
      kind: 'graph',
      title: 'Open files',
      description: 'File descriptors: the process with most, and the average.',
      width: 7,
      unit: 'short',
      style: 'lines',
      legend: ['lastNotNull', 'max'],
      queries: worstAndAverage(ofProcesses('process_open_fds')),
    },
    {
      kind: 'table',
      title: 'What runs',
      description: 'Versions, how many processes of each, and how long ago the youngest of them started.',
      width: 10,
      columns: [
        { title: 'job', from: 'job' },
        { title: 'version', from: 'version' },
        { title: 'Node.js', from: 'node_version' },
        { title: 'processes', from: 0, unit: 'short' },
        { title: 'youngest', from: 1, unit: 's' },
      ],
      empty: 'Nothing is scraped.',
      queries: [
        `count by (job, version, node_version) (${ofController('checkpoint_warden_build_info')})`,
        `min by (job, version, node_version) ((time() - ${ofProcesses('process_start_time_seconds')}) * on (cluster, namespace, job, instance) group_left (version, node_version) ${ofController('checkpoint_warden_build_info')})`,
      ],
    },
  ],
};
