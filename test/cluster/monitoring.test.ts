import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHART, helm } from '../chart/render-chart.ts';
import { ALERTS_FILE, RULE_TESTS, readAlertRules } from '../monitoring/alert-rules.ts';
import { askPanel } from '../monitoring/ask-panel.ts';
import { readDashboard } from '../monitoring/dashboard-file.ts';
import { collectMetricFamilies } from '../monitoring/metric-families.ts';
import { type Prometheus, promtool, startPrometheus } from '../monitoring/prometheus.ts';
import { provideAssets } from './assets.ts';
import { deletePod, makePod } from './control-plane/agent-node.ts';
import {
  type ControllerProgram,
  type ControlPlane,
  NAMESPACE,
  startControlPlane,
} from './control-plane/control-plane.ts';
import { waitUntil } from './wait-until.ts';

describe('the alert rules', () => {
  it('are what Prometheus takes', async () => {
    const { code, output } = await promtool(['check', 'rules', '--lint-fatal', ALERTS_FILE]);
    expect(output).toContain(`SUCCESS: ${readAlertRules().length} rules found`);
    expect(code).toBe(0);
  });

  it.each([...RULE_TESTS])(
    'fire when they should and are silent when they should be: %s',
    async (_, file) => {
      const { code, output } = await promtool(['test', 'rules', file]);
      expect(output).toContain('SUCCESS');
      expect(code).toBe(0);
    },
  );
});

describe('a Prometheus that scrapes two agents and two controllers', () => {
  let plane: ControlPlane;
  let leader: ControllerProgram;
  let follower: ControllerProgram;
  let prometheus: Prometheus;

  beforeAll(async () => {
    const started = await startControlPlane(await provideAssets(process.env));
    plane = started;
    leader = started.first;
    follower = await plane.startController();
    const target = (address: string, labels: Record<string, string>) => ({
      targets: [address],
      labels: { namespace: NAMESPACE, ...labels },
    });
    prometheus = await startPrometheus({
      scrapeConfigs: [
        {
          job_name: 'checkpoint-warden-agent',
          static_configs: [plane.node1, plane.node2].map(({ name, metricsAddress }) =>
            target(metricsAddress, { node: name, pod: `agent-${name}` }),
          ),
        },
        {
          job_name: 'checkpoint-warden-controller',
          static_configs: [leader, follower].map(({ metricsAddress }, index) =>
            target(metricsAddress, { node: `node-${index + 1}`, pod: `controller-${index + 1}` }),
          ),
        },
      ],
    });
    await waitUntil(async () => (await value('sum(up)')) === 4, {
      what: 'all targets are up',
      withinMs: 90_000,
    });
    await makeThingsHappen();
  });

  afterAll(async () => {
    await prometheus?.close();
    await plane?.close();
  });

  async function value(expr: string): Promise<number> {
    const [series] = await prometheus.query(expr);
    return Number(series?.value?.[1] ?? Number.NaN);
  }

  function wait(what: string, expr: string): Promise<boolean> {
    return waitUntil(async () => (await value(expr)) > 0, { what, withinMs: 60_000 });
  }

  /** Archives of all kinds, a rotation, an orphan, what Audit would delete, and a limit out of reach. */
  async function makeThingsHappen(): Promise<void> {
    await plane.apply('default', {
      applyPoliciesImmediately: true,
      orphanGracePeriod: '0s',
      globalPolicy: { maxCheckpointsPerContainer: 2, retainOrphan: false },
    });
    await plane.apply('audited', {
      mode: 'Audit',
      applyPoliciesImmediately: true,
      namespacePolicies: [{ namespace: 'audited', maxCheckpoints: 1 }],
    });
    await plane.apply('kept', { applyPoliciesImmediately: true, namespacePolicies: [KEPT] });
    for (const [node, name] of [
      [plane.node1, 'web-0'],
      [plane.node2, 'web-1'],
    ] as const) {
      await makePod(plane.api, { namespace: 'shop', name, node: node.name });
      for (const minutes of [4, 3, 2, 1]) {
        node.checkpoint({ namespace: 'shop', pod: name, container: 'app' }, minutes);
        node.checkpoint({ namespace: 'audited', pod: name, container: 'app' }, minutes);
      }
      for (const container of ['one', 'other'])
        node.checkpoint({ namespace: 'kept', pod: name, container }, 1);
    }
    await wait('a rotation', 'sum(checkpoint_warden_deletions_total{reason="over-count",result="deleted"})');
    await deletePod(plane.api, 'shop', 'web-1');
    await wait(
      'an orphan is gone',
      'sum(checkpoint_warden_deletions_total{reason="orphaned",result="deleted"})',
    );
    await wait('Audit', 'sum(checkpoint_warden_deletions_total{result="would-delete"})');
    await wait('a limit out of reach', 'sum(checkpoint_warden_limit_unreachable)');
    await wait(
      'the leader’s figures',
      'sum(checkpoint_warden_namespace_archive_bytes{archive_namespace="kept"})',
    );
  }

  /** What some panels show only of the last seconds: a message to the agents, and one more rotation. */
  async function makeThingsHappenNow(): Promise<void> {
    const other = { namespace: 'none', maxCheckpoints: 1 };
    await plane.apply('kept', { applyPoliciesImmediately: true, namespacePolicies: [KEPT, other] });
    plane.node1.checkpoint({ namespace: 'shop', pod: 'web-0', container: 'app' }, 0);
    for (const histogram of ['push_duration', 'enforcement_latency'])
      await wait(histogram, `sum(rate(checkpoint_warden_${histogram}_seconds_count[20s]))`);
  }

  it('finds every metric there is, in the form that promtool wants', async () => {
    const addresses = [plane.node1, plane.node2, leader, follower].map(
      ({ metricsAddress }) => metricsAddress,
    );
    const texts = await Promise.all(
      addresses.map(async (address) => (await fetch(`http://${address}/metrics`)).text()),
    );
    for (const text of texts)
      expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, output: '' });
    const served = new Set(texts.join('\n').match(/(?<=^# TYPE )\w+/gm));
    expect(served).toEqual(new Set((await collectMetricFamilies()).keys()));
  });

  it('evaluates every rule, and none fires that should not', async () => {
    const rules = await waitUntil(
      async () => {
        const evaluated = await prometheus.rules();
        return evaluated.every(({ health }) => health !== 'unknown') && evaluated;
      },
      { what: 'every rule is evaluated', withinMs: 30_000 },
    );
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(rules).toHaveLength(readAlertRules().length);
    // It is there, and has to last for an hour before it fires.
    const active = async () => (await prometheus.rules()).filter(({ state }) => state !== 'inactive');
    await expect
      .poll(async () => (await active()).map(({ name, state }) => `${name} ${state}`), { timeout: 30_000 })
      .toEqual(['CheckpointWardenLimitUnreachable pending']);
  });

  const shown = readDashboard().panels.filter(({ type }) => type !== 'row');
  /** Nothing is wrong here. */
  const EMPTY = ['Alerts that fire', 'Not deleted after all', 'Watches that ended'];

  describe('whose dashboard is looked at', () => {
    beforeAll(makeThingsHappenNow);

    it.each(shown)('has what the panel $title asks for', async (panel) => {
      const end = Date.now() / 1_000;
      const answers = await askPanel(panel, prometheus, { start: end - 60, end, stepSeconds: 5 });
      for (const { refId, series } of answers) {
        const numbers = series.flatMap(({ value, values = [] }) =>
          [value, ...values].flatMap((each) => each?.[1] ?? []),
        );
        const real = numbers.filter((number) => !['NaN', '+Inf', '-Inf'].includes(number));
        if (EMPTY.includes(panel.title)) expect(real.filter((number) => number !== '0')).toEqual([]);
        else expect(real, `query ${refId} of ${panel.title}`).not.toEqual([]);
      }
    });
  });

  it('tells nothing of a leader’s figures, nor of a certificate, for a controller that follows', async () => {
    const of = (metric: string) => prometheus.query(`${metric}{pod="controller-2"}`);
    for (const metric of ['agents', 'policies', 'namespace_archives'])
      expect(await of(`checkpoint_warden_${metric}`)).toEqual([]);
    const [expiry] = await of('checkpoint_warden_certificate_expiry_timestamp_seconds');
    expect(expiry?.value?.[1]).toBe('NaN');
    expect(
      await value('min(checkpoint_warden_certificate_expiry_timestamp_seconds - time()) / 86400'),
    ).toBeGreaterThan(80);
  });

  it('is set up by the chart where the cluster has the operator’s kinds, and told of where it has not', async () => {
    const install = async () => {
      const switches = ['monitors', 'rules', 'dashboard'].map((part) => `monitoring.${part}.enabled=true`);
      const { code, stdout, stderr } = await helm([
        ...['install', 'warden', CHART, '--namespace', NAMESPACE, '--kubeconfig', plane.api.kubeconfig],
        ...['--dry-run=server', '--set', ['crds.enabled=false', ...switches].join()],
      ]);
      if (code !== 0) throw new Error(stderr);
      return { kinds: new Set(stdout.match(/(?<=^kind: )\w+/gm)), output: stdout };
    };
    const before = await install();
    expect(before.output).toMatch(
      /WARNING: the cluster has no PodMonitor, PrometheusRule, ServiceMonitor of monitoring.coreos.com/,
    );
    for (const kind of MONITORING_KINDS) expect(before.kinds).not.toContain(kind);
    expect(before.kinds).toContain('DaemonSet');

    await plane.api.kubectl(['apply', '-f', '-'], JSON.stringify(crdsOf(MONITORING_KINDS)));
    await plane.api.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
    const after = await install();
    expect(after.output).not.toContain('the cluster has no');
    for (const kind of MONITORING_KINDS) expect(after.kinds).toContain(kind);
  });
});

/** A limit that cannot be kept: there are two containers. */
const KEPT = { namespace: 'kept', maxCheckpoints: 1, keepLast: 1 };

const MONITORING_KINDS = ['PodMonitor', 'ServiceMonitor', 'PrometheusRule'] as const;

/** Definitions under which the API server takes objects of these kinds, whatever is in them. */
function crdsOf(kinds: readonly string[]): object {
  const items = kinds.map((kind) => {
    const names = { kind, singular: kind.toLowerCase(), plural: `${kind.toLowerCase()}s` };
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${names.plural}.monitoring.coreos.com` },
      spec: {
        group: 'monitoring.coreos.com',
        scope: 'Namespaced',
        names,
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    };
  });
  return { apiVersion: 'v1', kind: 'List', items };
}
