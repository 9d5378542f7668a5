import { beforeAll, describe, expect, it } from 'vitest';
import { CI_VALUES, find, type KubeObject, renderChart } from './render-chart.ts';

let objects: readonly KubeObject[];

beforeAll(async () => {
  objects = await renderChart();
});

/** The spec of the pods of a workload, or of a pod. */
function podSpecs(all: readonly KubeObject[]) {
  return all.flatMap(({ kind, spec }) =>
    kind === 'Pod' ? [spec] : spec?.template?.spec?.containers === undefined ? [] : [spec.template.spec],
  );
}

describe.each(CI_VALUES)('every pod, with ci/%s', (file) => {
  it('has no capability, cannot gain any, and writes only where it is meant to', async () => {
    const specs = podSpecs(await renderChart({ files: [file] }));
    expect(specs).toHaveLength(3);
    for (const spec of specs) {
      expect(spec.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
      expect(spec.hostNetwork ?? spec.hostPID ?? spec.hostIPC).toBeUndefined();
      for (const { securityContext } of [...spec.containers, ...(spec.initContainers ?? [])]) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });
});

describe('the agent', () => {
  it('is root, has no token, and mounts nothing of the node but two directories', () => {
    const { spec } = find(objects, 'DaemonSet').spec.template;
    expect(spec.securityContext).toMatchObject({ runAsUser: 0, runAsGroup: 0, runAsNonRoot: false });
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.enableServiceLinks).toBe(false);
    expect(spec.volumes).toEqual([
      { name: 'checkpoints', hostPath: { path: '/var/lib/kubelet/checkpoints', type: 'Directory' } },
      { name: 'state', hostPath: { path: '/var/lib/checkpoint-warden', type: 'DirectoryOrCreate' } },
      // Not optional: without its certificate it could not be told anything. Octal 0400.
      { name: 'tls', secret: { secretName: 'checkpoint-warden-agent-tls', defaultMode: 0o400 } },
    ]);
    const writable = spec.containers[0].volumeMounts.filter((mount: KubeObject) => mount.readOnly !== true);
    expect(writable.map((mount: KubeObject) => mount.name)).toEqual(['checkpoints', 'state']);
  });

  it('has an account that no role is bound to', async () => {
    for (const file of CI_VALUES) {
      const all = await renderChart({ files: [file] });
      const { serviceAccountName } = find(all, 'DaemonSet').spec.template.spec;
      const bound = all.flatMap(({ subjects = [] }) => subjects.map((subject: KubeObject) => subject.name));
      expect(bound).not.toContain(serviceAccountName);
      const account = all.find(
        ({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === serviceAccountName,
      );
      expect(account?.automountServiceAccountToken ?? false).toBe(false);
    }
  });

  it('is given longer to stop than it takes', () => {
    for (const kind of ['DaemonSet', 'Deployment']) {
      const { spec } = find(objects, kind, kind === 'DaemonSet' ? '-agent' : '-controller').spec.template;
      expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(10);
    }
  });

  it('runs on every node, and no two at once on one', () => {
    const { spec } = find(objects, 'DaemonSet');
    expect(spec.template.spec.tolerations).toEqual([{ operator: 'Exists' }]);
    expect(spec.template.spec.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux' });
    expect(spec.updateStrategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: '10%' },
    });
  });
});

describe('the controller', () => {
  it('is not root, mounts nothing in selfManaged TLS, and two of them keep apart', () => {
    const { spec } = find(objects, 'Deployment');
    expect(spec.replicas).toBe(2);
    expect(spec.template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532 });
    expect(spec.template.spec.volumes).toBeUndefined();
    expect(spec.template.spec.topologySpreadConstraints).toMatchObject([
      { topologyKey: 'topology.kubernetes.io/zone', labelSelector: spec.selector },
      { topologyKey: 'kubernetes.io/hostname', labelSelector: spec.selector },
    ]);
  });

  it('leaves its user to the cluster where that is asked for', async () => {
    const all = await renderChart({ files: ['openshift-values.yaml'] });
    const { securityContext } = find(all, 'Deployment').spec.template.spec;
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  });

  it('reads its files through the group it has', async () => {
    const all = await renderChart({ files: ['existing-secret-values.yaml'] });
    const { spec } = find(all, 'Deployment').spec.template;
    expect(spec.securityContext.fsGroup).toBe(spec.securityContext.runAsUser);
    expect(spec.volumes[0].secret.defaultMode).toBe(0o440);
  });

  it('has no right to Secrets unless it issues certificates', async () => {
    const secrets = async (files: string[]) =>
      (await renderChart({ files })).flatMap(({ rules = [] }) =>
        rules.filter((rule: KubeObject) => rule.resources.includes('secrets')),
      );
    expect(await secrets(['cert-manager-values.yaml'])).toEqual([]);
    expect(await secrets(['existing-secret-values.yaml'])).toEqual([]);
    expect(await secrets([])).toEqual([
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: [
          'checkpoint-warden-ca',
          'checkpoint-warden-controller-tls',
          'checkpoint-warden-agent-tls',
        ],
        verbs: ['get', 'update'],
      },
    ]);
  });

  it('is given no wildcard', () => {
    const rules = objects.flatMap((object) => object.rules ?? []);
    expect(rules.length).toBeGreaterThan(5);
    expect(JSON.stringify(rules)).not.toContain('*');
  });
});

describe('the roles for people', () => {
  it('lets whoever may view look, and only an admin write: to write is to delete', () => {
    const labels = (end: string) => find(objects, 'ClusterRole', end).metadata.labels ?? {};
    const aggregates = (end: string) =>
      Object.keys(labels(end)).filter((label) => label.startsWith('rbac.authorization.k8s.io/'));
    expect(aggregates('-policy-viewer')).toEqual(['rbac.authorization.k8s.io/aggregate-to-view']);
    expect(aggregates('-policy-editor')).toEqual(['rbac.authorization.k8s.io/aggregate-to-admin']);
    const [rule] = find(objects, 'ClusterRole', '-policy-viewer').rules;
    expect(rule.verbs).toEqual(['get', 'list', 'watch']);
  });
});

describe('the network policies', () => {
  it('let only the controller into the API of agents, and agents nowhere', () => {
    const { spec } = find(objects, 'NetworkPolicy', '-agent');
    const agents = find(objects, 'DaemonSet').spec.selector;
    const controllers = find(objects, 'Deployment').spec.selector;
    expect(spec.podSelector).toEqual(agents);
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(spec.egress).toEqual([]);
    expect(spec.ingress).toEqual([
      { ports: [{ port: 9464 }], from: [{ podSelector: controllers }] },
      { ports: [{ port: 9465 }] },
    ]);
  });

  it('let metrics be read by whom they are told, and by helm test', async () => {
    const all = await renderChart({
      set: ['networkPolicy.metricsFrom=[{"podSelector":{"matchLabels":{"a":"b"}}}]'],
    });
    const from = (end: string) => find(all, 'NetworkPolicy', end).spec.ingress.at(-1).from;
    const peer = { podSelector: { matchLabels: { a: 'b' } } };
    expect(from('-agent')).toEqual([peer]);
    const [own, test] = from('-controller');
    expect(own).toEqual(peer);
    expect(find(all, 'Pod').metadata.labels).toMatchObject(test.podSelector.matchLabels);
  });
});
