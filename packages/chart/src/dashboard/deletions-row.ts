import type { Row } from './panel.ts';
import { ofAgents, ofController } from './selectors.ts';

const deleted = ofAgents('checkpoint_warden_deletions_total', 'result="deleted"');
const reclaimed = ofAgents('checkpoint_warden_reclaimed_bytes_total');

export const DELETIONS_ROW: Row = {
  title: 'What goes, and why?',
  panels: [
    {
      kind: 'stat',
      title: 'Archives deleted',
      description: 'In the time that the dashboard shows.',
      width: 4,
      unit: 'short',
      decimals: 0,
      steps: [{ color: 'blue' }],
      query: { expr: `sum(increase(${deleted}[$__range]))`, name: 'deleted' },
    },
    {
      kind: 'stat',
      title: 'Reclaimed',
      description: 'Bytes of the archives deleted in the time that the dashboard shows.',
      width: 4,
      unit: 'bytes',
      steps: [{ color: 'blue' }],
      query: { expr: `sum(increase(${reclaimed}[$__range]))`, name: 'reclaimed' },
    },
    {
      kind: 'graph',
      title: 'From arrival to enforced',
      description:
        'From the first notice of a new archive to the end of the pass that enforced its limits: half of them, and all but one in a hundred, took no longer.',
      width: 16,
      unit: 's',
      style: 'lines',
      legend: ['lastNotNull', 'max'],
      queries: [0.5, 0.99].map((quantile) => ({
        expr: `histogram_quantile(${quantile}, sum by (le) (rate(${ofAgents('checkpoint_warden_enforcement_latency_seconds_bucket')}[$__rate_interval])))`,
        name: `p${quantile * 100}`,
      })),
    },
    {
      kind: 'graph',
      title: 'Deleted, by reason',
      description:
        'Archives deleted in each interval. What the reasons mean: docs/reference/policy.md. Alert: MassDeletion.',
      width: 12,
      unit: 'short',
      style: 'bars',
      legend: ['sum'],
      queries: [{ expr: `sum by (reason) (increase(${deleted}[$__interval]))`, name: '{{reason}}' }],
    },
    {
      kind: 'graph',
      title: 'Reclaimed, by reason',
      description: 'Bytes of archives deleted in each interval.',
      width: 12,
      unit: 'bytes',
      style: 'bars',
      legend: ['sum'],
      queries: [{ expr: `sum by (reason) (increase(${reclaimed}[$__interval]))`, name: '{{reason}}' }],
    },
    {
      kind: 'graph',
      title: 'Would be deleted (Audit)',
      description: 'What policies with mode: Audit call for, by reason, when it is first called for.',
      width: 8,
      unit: 'short',
      style: 'bars',
      legend: ['sum'],
      queries: [
        {
          expr: `sum by (reason) (increase(${ofAgents('checkpoint_warden_deletions_total', 'result="would-delete"')}[$__interval]))`,
          name: '{{reason}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Not deleted after all',
      description:
        'failed: the attempt failed and is repeated. skipped: just before the deletion the archive was pinned or not as planned any more. Each attempt counts.',
      width: 8,
      unit: 'short',
      style: 'bars',
      legend: ['sum'],
      queries: [
        {
          expr: `sum by (result) (increase(${ofAgents('checkpoint_warden_deletions_total', 'result=~"failed|skipped"')}[$__interval]))`,
          name: '{{result}}',
        },
      ],
    },
    {
      kind: 'graph',
      title: 'Is the pod gone?',
      description:
        'Questions to the API server about pods that the watch misses: gone, there, or unknown, which keeps the archives. told: owners that an agent was told are gone. Alert: OwnersUnknown.',
      width: 8,
      unit: 'short',
      style: 'bars',
      legend: ['sum'],
      queries: [
        {
          expr: `sum by (result) (increase(${ofController('checkpoint_warden_orphan_signals_total')}[$__interval]))`,
          name: '{{result}}',
        },
      ],
    },
  ],
};
