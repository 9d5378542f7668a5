import type { Row } from './panel.ts';
import { ofAgents, ofController } from './selectors.ts';

export const DISKS_ROW: Row = {
  title: 'What fills my disks?',
  panels: [
    {
      kind: 'graph',
      title: 'Archives by node',
      description: 'Sizes of all archives on a node. The 20 nodes with most.',
      width: 12,
      unit: 'bytes',
      style: 'stacked',
      legend: ['lastNotNull', 'max'],
      queries: [
        {
          expr: `topk(20, sum by (cluster, node) (${ofAgents('checkpoint_warden_archive_bytes')}))`,
          name: '{{node}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Available on the disk',
      description:
        'Share of the filesystem of the checkpoint directory that is available. The 20 nodes with least. Below 10 % the kubelet begins to evict pods. Alert: DiskFullDespiteRetention.',
      width: 12,
      unit: 'percentunit',
      style: 'lines',
      max: 1,
      legend: ['lastNotNull'],
      queries: [
        {
          expr: `bottomk(20, min by (cluster, node) (${ofAgents('checkpoint_warden_filesystem_avail_bytes')} / ${ofAgents('checkpoint_warden_filesystem_size_bytes')}))`,
          name: '{{node}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Archives by state',
      description:
        'complete: rotated by the policy. pinned: kept whatever it says. writing: being written. incomplete: leftovers of failed checkpoints, which go by maxIncompleteAge. unattributed: nobody knows whose they are, so they are never rotated.',
      width: 8,
      unit: 'bytes',
      style: 'stacked',
      legend: ['lastNotNull'],
      queries: [
        { expr: `sum by (state) (${ofAgents('checkpoint_warden_archive_bytes')})`, name: '{{state}}' },
      ],
    },
    {
      kind: 'graph',
      title: 'Number of archives by state',
      description: 'How many archives are in each state. The panel beside it has their sizes.',
      width: 8,
      unit: 'short',
      style: 'stacked',
      legend: ['lastNotNull'],
      queries: [{ expr: `sum by (state) (${ofAgents('checkpoint_warden_archives')})`, name: '{{state}}' }],
    },
    {
      kind: 'graph',
      title: 'Age of the oldest archive',
      description: 'Of complete ones, by the time in their names. The 20 nodes with the oldest.',
      width: 8,
      unit: 's',
      style: 'lines',
      legend: ['lastNotNull'],
      queries: [
        {
          expr: `topk(20, time() - (max by (cluster, node) (${ofAgents('checkpoint_warden_oldest_archive_timestamp_seconds')}) > 0))`,
          name: '{{node}}',
        },
      ],
    },
    {
      kind: 'table',
      title: 'Namespaces with most archives',
      description: 'The 20 namespaces with most bytes of archives over all nodes, and all others as "other".',
      width: 24,
      columns: [
        { title: 'namespace', from: 'archive_namespace' },
        { title: 'archives', from: 0, unit: 'short' },
        { title: 'size', from: 1, unit: 'bytes' },
      ],
      empty: 'There are no archives.',
      queries: [
        `sum by (archive_namespace) (${ofController('checkpoint_warden_namespace_archives')})`,
        `sum by (archive_namespace) (${ofController('checkpoint_warden_namespace_archive_bytes')})`,
      ],
    },
  ],
};
