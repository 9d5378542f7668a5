import type { Row } from './panel.ts';
import { ofAgents, ofController } from './selectors.ts';

export const POLICY_ROW: Row = {
  title: 'Does the policy arrive?',
  panels: [
    {
      kind: 'table',
      title: 'In force',
      description:
        'The policy of each node. The same hash is the same policy; with a nodeSelector nodes may have different ones. source: file is an agent that takes no orders.',
      width: 12,
      columns: [
        { title: 'node', from: 'node' },
        { title: 'source', from: 'source' },
        { title: 'hash', from: 'hash' },
        { title: 'revision', from: 0, unit: 'short' },
      ],
      empty: 'No agent has a policy.',
      queries: [`max by (node, source, hash) (${ofAgents('checkpoint_warden_policy_revision_info')})`],
    },
    {
      kind: 'graph',
      title: 'Since the policy was confirmed',
      description:
        'A leader confirms the policy of each agent every five minutes. The 20 nodes with the longest time. Alert: PolicyNotConfirmed.',
      width: 12,
      unit: 's',
      style: 'lines',
      legend: ['lastNotNull'],
      queries: [
        {
          expr: `topk(20, time() - (max by (cluster, node) (${ofAgents('checkpoint_warden_last_policy_sync_timestamp_seconds')}) > 0))`,
          name: '{{node}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Agents as the leader sees them',
      description:
        'new: not asked yet. reachable: as it should be. unreachable: no answer. incompatible: of another version. misplaced: of another node. stand-alone: has a policy file.',
      width: 8,
      unit: 'short',
      style: 'stacked',
      legend: ['lastNotNull'],
      queries: [{ expr: `sum by (state) (${ofController('checkpoint_warden_agents')})`, name: '{{state}}' }],
    },
    {
      kind: 'graph',
      title: 'Policies by condition',
      description: 'How many policies have which status of which condition.',
      width: 8,
      unit: 'short',
      style: 'lines',
      legend: ['lastNotNull'],
      queries: [
        {
          expr: `sum by (condition, status) (${ofController('checkpoint_warden_policies')})`,
          name: '{{condition}}={{status}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Who leads',
      description: '1 for the controller that leads. Each change is a new leader.',
      width: 8,
      unit: 'short',
      style: 'stacked',
      max: 2,
      queries: [
        { expr: `max by (cluster, pod) (${ofController('checkpoint_warden_leader')})`, name: '{{pod}}' },
      ],
    },
    {
      kind: 'graph',
      title: 'Messages to agents',
      description: 'By kind and result. Without changes, one policy message in five minutes for each agent.',
      width: 6,
      unit: 'ops',
      style: 'stacked',
      legend: ['lastNotNull'],
      queries: [
        {
          expr: `sum by (kind, result) (rate(${ofController('checkpoint_warden_pushes_total')}[$__rate_interval]))`,
          name: '{{kind}} {{result}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Groups on several nodes',
      description:
        'Groups that lie on several nodes under the same rule and may be over a limit: agents are told of the newest archives of each.',
      width: 6,
      unit: 'short',
      style: 'lines',
      legend: ['lastNotNull'],
      queries: [
        { expr: `max by (cluster) (${ofController('checkpoint_warden_shared_groups')})`, name: 'groups' },
      ],
    },
    {
      kind: 'graph',
      title: 'Time to an agent’s answer',
      description: 'All but one in a hundred messages were answered in this time.',
      width: 6,
      unit: 's',
      style: 'lines',
      legend: ['max'],
      queries: [
        {
          expr: `histogram_quantile(0.99, sum by (kind, le) (rate(${ofController('checkpoint_warden_push_duration_seconds_bucket')}[$__rate_interval])))`,
          name: '{{kind}} p99',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Watches that ended',
      description:
        'ended: as they do every few minutes. expired: a list was needed. list-failed, error: the API server refused, or was away. Alert: WatchFailing.',
      width: 6,
      unit: 'short',
      style: 'bars',
      legend: ['sum'],
      queries: [
        {
          expr: `sum by (resource, reason) (increase(${ofController('checkpoint_warden_watch_restarts_total')}[$__interval]))`,
          name: '{{resource}} {{reason}}',
        },
      ],
    },
  ],
};
