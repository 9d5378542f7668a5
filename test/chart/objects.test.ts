import { join } from 'node:path';
import { crdManifest } from '@checkpoint-warden/api';
import { Certificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import { Issuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { describe, expect, it } from 'vitest';
import { problemsOf, typeOf } from './kubernetes-type.ts';
import { CHART, CI_VALUES, find, helm, type KubeObject, renderChart } from './render-chart.ts';

/** Kinds that no namespace holds. */
const CLUSTER_SCOPED = ['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition', 'PriorityClass'];

function problemsOfObject(object: KubeObject): string[] {
  const name = `${object.kind}/${object.metadata.name}`;
  const type = typeOf(object);
  if (type !== undefined) return problemsOf(object, type, name);
  try {
    if (object.kind === 'Certificate') new Certificate(object as never).validate();
    else if (object.kind === 'Issuer') new Issuer(object as never).validate();
    else if (object.kind === 'PodMonitor') new PodMonitor(object as never).validate();
    else if (object.kind === 'ServiceMonitor') new ServiceMonitor(object as never).validate();
    else if (object.kind === 'PrometheusRule') new PrometheusRule(object as never).validate();
    else return [`${name}: nobody knows ${object.apiVersion}`];
    return [];
  } catch (error) {
    return [`${name}: ${(error as Error).message}`];
  }
}

describe.each(CI_VALUES)('with ci/%s', (file) => {
  it('passes helm lint --strict', async () => {
    const { code, stdout } = await helm(['lint', '--strict', CHART, '--values', join(CHART, 'ci', file)]);
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/WARNING|ERROR/);
  });

  it('renders objects of which Kubernetes knows every field', async () => {
    const objects = await renderChart({ files: [file] });
    expect(objects.length).toBeGreaterThanOrEqual(5);
    expect(objects.flatMap(problemsOfObject)).toEqual([]);
  });

  it('renders each object once, in the release’s namespace, with the release’s labels', async () => {
    const objects = await renderChart({ files: [file] });
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names).toEqual([...new Set(names)]);
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.namespace]).toEqual([
        kind,
        CLUSTER_SCOPED.includes(kind) ? undefined : 'backups',
      ]);
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/instance': 'warden',
        'app.kubernetes.io/managed-by': 'Helm',
        'app.kubernetes.io/part-of': 'checkpoint-warden',
      });
    }
  });
});

describe('an object of the wrong form', () => {
  it.each([
    ['spec.template.spec.containrs', { spec: { template: { spec: { containrs: [] } } } }],
    ['spec.minReadySeconds is "5" and no number', { spec: { minReadySeconds: '5' } }],
    ['metadata.labels.a is 1 and no string', { metadata: { labels: { a: 1 } } }],
    ['spec.template.spec.containers is no list', { spec: { template: { spec: { containers: {} } } } }],
  ])('is noticed: %s', (problem, object) => {
    expect(problemsOf(object, 'V1DaemonSet', 'x').join()).toContain(problem);
  });

  it('is noticed with cert-manager', () => {
    const object = {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: 'x' },
      spec: {},
    };
    expect(problemsOfObject(object).join()).toMatch(/Certificate\/x: .*secretName/);
  });
});

describe('the CRD', () => {
  it('is the one of packages/api', async () => {
    const object = find(await renderChart(), 'CustomResourceDefinition');
    expect({ ...object, metadata: { name: object.metadata.name } }).toEqual(crdManifest());
  });

  it('stays when the release is uninstalled, unless that is switched off', async () => {
    const policy = async (keep: boolean) => {
      const objects = await renderChart({ set: [`crds.keep=${keep}`] });
      return find(objects, 'CustomResourceDefinition').metadata.annotations?.['helm.sh/resource-policy'];
    };
    expect(await policy(true)).toBe('keep');
    expect(await policy(false)).toBeUndefined();
  });

  it('is all that is of our API: the chart makes no policy', async () => {
    const objects = await renderChart({ files: ['full-values.yaml'] });
    expect(objects.filter(({ apiVersion }) => apiVersion.startsWith('checkpoint-warden.dev/'))).toEqual([]);
  });
});
