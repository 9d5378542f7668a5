import type { Row, Steps } from './panel.ts';
import { ofAgents, ofController } from './selectors.ts';

const NONE_IS_GOOD: Steps = [{ color: 'green' }, { color: 'red', from: 1 }];
const DAY_S = 86_400;

/** The same questions as the alert rules, in the same order. */
export const HEALTH_ROW: Row = {
  title: 'Is it healthy?',
  panels: [
    {
      kind: 'stat',
      title: 'Agents down',
      description: 'Agents that Prometheus cannot scrape. Nothing goes on their nodes. Alert: AgentDown.',
      width: 3,
      unit: 'short',
      steps: NONE_IS_GOOD,
      query: { expr: `sum(1 - ${ofAgents('up', 'job="checkpoint-warden-agent"')})`, name: 'down' },
    },
    {
      kind: 'stat',
      title: 'Leaders',
      description:
        'Controllers that lead: one, but for seconds when another one takes over. Alert: NoLeader.',
      width: 3,
      unit: 'short',
      steps: [{ color: 'red' }, { color: 'green', from: 1 }, { color: 'red', from: 2 }],
      query: { expr: `sum(${ofController('checkpoint_warden_leader')})`, name: 'leaders' },
    },
    {
      kind: 'stat',
      title: 'Policies not applied',
      description:
        'Policies that are not valid, in conflict, or not in force on every node that can be reached. kubectl describe ckrp NAME says why. Alert: PolicyNotApplied.',
      width: 3,
      unit: 'short',
      steps: NONE_IS_GOOD,
      query: {
        expr: `max(${ofController('checkpoint_warden_policies', 'condition=~"Accepted|Enforced", status="False"')})`,
        name: 'policies',
      },
    },
    {
      kind: 'stat',
      title: 'Policies degraded',
      description:
        'Policies whose condition Degraded is True: something on some node is not as it should be. kubectl describe ckrp NAME says what.',
      width: 3,
      unit: 'short',
      steps: [{ color: 'green' }, { color: 'orange', from: 1 }],
      query: {
        expr: `max(${ofController('checkpoint_warden_policies', 'condition="Degraded", status="True"')})`,
        name: 'policies',
      },
    },
    {
      kind: 'stat',
      title: 'Deletions failing',
      description:
        'Archives that should be gone and cannot be deleted; they are tried again and again. Alert: DeletionsFailing.',
      width: 3,
      unit: 'short',
      steps: NONE_IS_GOOD,
      query: { expr: `sum(${ofAgents('checkpoint_warden_deletions_failing')})`, name: 'archives' },
    },
    {
      kind: 'stat',
      title: 'Oldest scan',
      description: 'Time since the last full scan on the node where that is longest. Alert: ScanStale.',
      width: 3,
      unit: 's',
      steps: [{ color: 'green' }, { color: 'orange', from: 300 }, { color: 'red', from: 600 }],
      query: {
        expr: `max(time() - ${ofAgents('checkpoint_warden_last_scan_timestamp_seconds')})`,
        name: 'age',
      },
    },
    {
      kind: 'stat',
      title: 'Clocks not trusted',
      description:
        'Nodes whose clock is not trusted: nothing goes by age nor as an orphan there. Alert: ClockNotTrusted.',
      width: 3,
      unit: 'short',
      steps: NONE_IS_GOOD,
      query: { expr: `sum(1 - ${ofAgents('checkpoint_warden_clock_trusted')})`, name: 'nodes' },
    },
    {
      kind: 'stat',
      title: 'Certificates end in',
      description: 'Until the first TLS certificate expires. Alert: CertificateExpiring.',
      width: 3,
      unit: 's',
      steps: [{ color: 'red' }, { color: 'orange', from: 7 * DAY_S }, { color: 'green', from: 14 * DAY_S }],
      query: {
        expr: `min(${ofController('checkpoint_warden_certificate_expiry_timestamp_seconds')} - time())`,
        name: 'time left',
      },
    },
    {
      kind: 'table',
      title: 'Alerts that fire',
      description:
        'Of the alert rules that the chart brings. What to do about each: docs/reference/alerts.md.',
      width: 10,
      columns: [
        { title: 'alert', from: 'alertname' },
        { title: 'severity', from: 'severity' },
        { title: 'node', from: 'node' },
      ],
      empty: 'No alert fires.',
      queries: [
        'count by (alertname, severity, node) (ALERTS{alertname=~"CheckpointWarden.+", alertstate="firing", cluster=~"$cluster"})',
      ],
    },
    {
      kind: 'table',
      title: 'Limits out of reach',
      description:
        'Groups of archives that stay above a limit because pins or keepLast stand against it. Alert: LimitUnreachable.',
      width: 10,
      columns: [
        { title: 'node', from: 'node' },
        { title: 'limit', from: 'limit' },
        { title: 'groups', from: 0, unit: 'short' },
      ],
      empty: 'Every limit holds.',
      queries: [`sum by (node, limit) (${ofAgents('checkpoint_warden_limit_unreachable')}) > 0`],
    },
    {
      kind: 'stat',
      title: 'Orphans held',
      description:
        '1 while the annotation hold-orphans of the Lease keeps all orphans. Only an administrator takes it away. Alert: OrphansHeld.',
      width: 4,
      unit: 'short',
      steps: [{ color: 'green' }, { color: 'orange', from: 1 }],
      query: { expr: `max(${ofController('checkpoint_warden_orphans_held')})`, name: 'held' },
    },
  ],
};
