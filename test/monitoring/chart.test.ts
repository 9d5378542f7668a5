import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CHART, find, type KubeObject, renderChart, template } from '../chart/render-chart.ts';
import { ALERTS_FILE, type AlertRule, readAlertRules } from './alert-rules.ts';

const ALL = [
  'monitoring.monitors.enabled=true',
  'monitoring.rules.enabled=true',
  'monitoring.dashboard.enabled=true',
];
const NONE = ['crds.enabled=false'];

function rendered(...set: readonly string[]): Promise<readonly KubeObject[]> {
  return renderChart({ set: [...NONE, ...ALL, ...set] });
}

async function rulesWith(...set: readonly string[]): Promise<readonly AlertRule[]> {
  return find(await rendered(...set), 'PrometheusRule').spec.groups[0].rules;
}

async function ruleWith(name: string, ...set: readonly string[]): Promise<AlertRule | undefined> {
  return (await rulesWith(...set)).find(({ alert }) => alert === `CheckpointWarden${name}`);
}

describe('monitoring in the chart', () => {
  it('is off by default', async () => {
    const objects = await renderChart({ set: NONE });
    expect(objects.filter(({ apiVersion }) => apiVersion.startsWith('monitoring.'))).toEqual([]);
    expect(objects.filter(({ kind }) => kind === 'ConfigMap')).toEqual([]);
  });

  it('is as the Prometheus operator’s CRDs want it, with everything set', async () => {
    const objects = await rendered(
      'monitoring.labels={"release":"prometheus"}',
      'monitoring.monitors.scrapeTimeout="10s"',
      'monitoring.monitors.relabelings=[{"action":"replace","targetLabel":"cluster","replacement":"west"}]',
      'monitoring.monitors.metricRelabelings=[{"action":"drop","sourceLabels":["__name__"],"regex":"process_.*"}]',
    );
    const agents = find(objects, 'PodMonitor');
    const controllers = find(objects, 'ServiceMonitor');
    const rules = find(objects, 'PrometheusRule');
    new PodMonitor(agents as never).validate();
    new ServiceMonitor(controllers as never).validate();
    new PrometheusRule(rules as never).validate();
    for (const { metadata } of [agents, controllers, rules])
      expect(metadata.labels).toMatchObject({
        release: 'prometheus',
        'app.kubernetes.io/instance': 'warden',
      });
    expect(() =>
      new PodMonitor({
        ...agents,
        spec: { ...agents.spec, podMetricsEndpoints: 'none' },
      } as never).validate(),
    ).toThrow();
  });

  it('scrapes what it installs, with the labels that rules and dashboard rely on', async () => {
    const objects = await rendered();
    const [agents] = find(objects, 'PodMonitor').spec.podMetricsEndpoints;
    const [controllers] = find(objects, 'ServiceMonitor').spec.endpoints;
    expect(find(objects, 'DaemonSet').spec.template.metadata.labels).toMatchObject(
      find(objects, 'PodMonitor').spec.selector.matchLabels,
    );
    const service = find(objects, 'Service', 'controller');
    expect(service.metadata.labels).toMatchObject(find(objects, 'ServiceMonitor').spec.selector.matchLabels);
    for (const [workload, endpoint, job] of [
      ['DaemonSet', agents, 'checkpoint-warden-agent'],
      ['Deployment', controllers, 'checkpoint-warden-controller'],
    ] as const) {
      const [{ ports }] = find(objects, workload).spec.template.spec.containers;
      expect(ports.map(({ name }: { name: string }) => name)).toContain(endpoint.port);
      expect(endpoint.relabelings).toEqual([
        { action: 'replace', sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node' },
        { action: 'replace', targetLabel: 'job', replacement: job },
      ]);
      expect(readAlertRules().some(({ expr }) => expr.includes(`job="${job}"`))).toBe(true);
    }
    expect(service.spec.ports.map(({ name }: { name: string }) => name)).toContain(controllers.port);
  });

  it('brings the rules as they are in the file', async () => {
    const { groups } = find(await rendered(), 'PrometheusRule').spec;
    expect({ groups }).toEqual(parse(readFileSync(ALERTS_FILE, 'utf8')));
  });

  it('brings the dashboard with the label that Grafana’s sidecar looks for', async () => {
    const { metadata, data } = find(
      await rendered(
        'monitoring.dashboard.namespace="grafana"',
        'monitoring.dashboard.annotations={"a":"b"}',
      ),
      'ConfigMap',
    );
    expect(metadata).toMatchObject({
      namespace: 'grafana',
      labels: { grafana_dashboard: '1' },
      annotations: { a: 'b' },
    });
    const file = readFileSync(join(CHART, 'files/dashboard.json'), 'utf8');
    expect(JSON.parse(data['checkpoint-warden.json'])).toEqual(JSON.parse(file));
  });
});

describe('an alert', () => {
  const change = (name: string, to: unknown) => `monitoring.rules.alerts.${name}=${JSON.stringify(to)}`;

  it('can be switched off, and no other with it', async () => {
    const rules = await rulesWith(change('LimitUnreachable', { enabled: false }));
    expect(rules).toEqual(
      readAlertRules().filter(({ alert }) => alert !== 'CheckpointWardenLimitUnreachable'),
    );
  });

  it('can have another time, severity, labels and thresholds', async () => {
    const changed = await ruleWith(
      'DiskFullDespiteRetention',
      change('DiskFullDespiteRetention', {
        for: '1h',
        severity: 'page',
        labels: { team: 'storage' },
        thresholds: { availableRatio: 0.05, archivesRatio: 1 },
      }),
    );
    const given = readAlertRules().find(({ alert }) => alert === changed?.alert);
    expect(changed).toEqual({
      ...given,
      for: '1h',
      labels: { severity: 'page', team: 'storage' },
      expr: given?.expr
        .replace('0.1 # availableRatio', '0.05 # availableRatio')
        .replace('0.1 # archivesRatio', '1 # archivesRatio'),
    });
  });

  it('can have a time where it has none, and a threshold that is large', async () => {
    const changed = await ruleWith(
      'MassDeletion',
      change('MassDeletion', { for: '5m', thresholds: { archives: 2_500_000 } }),
    );
    expect(changed?.for).toBe('5m');
    expect(changed?.expr).toContain('> 2500000 # archives');
  });

  it('has its runbook where the values say', async () => {
    const changed = await ruleWith(
      'AgentDown',
      'monitoring.rules.runbookUrl="https://wiki.example.com/warden"',
    );
    expect(changed?.annotations.runbook_url).toBe('https://wiki.example.com/warden#agentdown');
  });

  it.each([
    ['no such alert', change('AgentsDown', { enabled: false }), /AgentsDown/],
    ['no such threshold', change('ScanStale', { thresholds: { minutes: 5 } }), /ScanStale.*minutes/s],
    [
      'a threshold for one that has none',
      change('AgentDown', { thresholds: { agents: 5 } }),
      /AgentDown.*thresholds/s,
    ],
    ['a time that Prometheus does not know', change('AgentDown', { for: '1.5h' }), /AgentDown.*for/s],
  ])('is refused with its path: %s', async (_, set, message) => {
    const { code, stderr } = await template({ set: [...ALL, set] });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
