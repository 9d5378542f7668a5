import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHART, CI_VALUES, helm, type KubeObject, renderChart } from '../chart/render-chart.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { CRD_NAME, POLICIES_PATH } from './policies-api.ts';

const NAMESPACE = 'backups';
const CRD_PATH = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD_NAME}`;

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ assets: process.env.KUBEBUILDER_ASSETS ?? '' });
  await makeNamespace(NAMESPACE, {});
});

afterAll(() => server?.close());

async function makeNamespace(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const { status } = await server.admin.send('POST', '/api/v1/namespaces', { metadata: { name, labels } });
  expect(status).toBe(201);
}

/** Runs helm against the API server; `values` are `--set-json` assignments. */
async function helmIn(command: string, namespace: string, values: readonly string[] = []) {
  const [verb = '', ...args] = command.split(' ');
  const chart = ['install', 'upgrade'].includes(verb) ? [CHART] : [];
  const { code, stdout, stderr } = await helm([
    verb,
    'warden',
    ...args,
    ...chart,
    `--namespace=${namespace}`,
    `--kubeconfig=${server.admin.kubeconfig}`,
    ...values.flatMap((assignment) => ['--set-json', assignment]),
  ]);
  if (code !== 0) throw new Error(`helm ${command}: ${stderr}`);
  return stdout;
}

/** The warnings in the notes, each as one line. */
async function warningsOf(namespace: string, values: readonly string[] = []): Promise<string[]> {
  const notes = await helmIn('install --dry-run=server', namespace, values);
  return notes
    .split('\nWARNING: ')
    .slice(1)
    .map((text) => text.split('\n\n')[0]?.trim().replaceAll('\n', ' ') ?? '');
}

describe('every object of the chart', () => {
  it.each(CI_VALUES)('is taken by the API server as it is, with ci/%s', async (file) => {
    const objects = await renderChart({ namespace: NAMESPACE, files: [file] });
    // cert-manager and Prometheus are not installed here: test/chart looks at those.
    const known = objects.filter(({ apiVersion }) => !/^(cert-manager\.io|monitoring\.)/.test(apiVersion));
    expect(known.length).toBeGreaterThanOrEqual(5);
    const { code, stderr } = await server.admin.kubectl(
      ['apply', '--dry-run=server', '--validate=strict', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: known }),
    );
    expect([code, stderr]).toEqual([0, '']);
  });

  it('asks of PodSecurity what cannot be done without, and no more', async () => {
    const warnings = async (kind: string, level: string) => {
      const name = `${kind.toLowerCase()}-${level}`;
      await makeNamespace(name, { 'pod-security.kubernetes.io/warn': level });
      const objects = await renderChart({ namespace: name });
      const { apiVersion, ...rest } = objects.find((each) => each.kind === kind) as KubeObject;
      const path = `/apis/${apiVersion}/namespaces/${name}/${kind.toLowerCase()}s?dryRun=All`;
      const answer = await server.admin.send('POST', path, { apiVersion, ...rest });
      expect(answer.status).toBe(201);
      return answer.warnings.join();
    };
    expect(await warnings('Deployment', 'restricted')).toBe('');
    expect(await warnings('DaemonSet', 'baseline')).toBe(
      'would violate PodSecurity "baseline:latest": hostPath volumes (volumes "checkpoints", "state")',
    );
    expect(await warnings('DaemonSet', 'restricted')).toMatch(
      /^would violate PodSecurity "restricted:latest": restricted volume types \(volumes "checkpoints", "state" use restricted volume type "hostPath"\), runAsNonRoot != true \(.*\), runAsUser=0 \(.*\)$/,
    );
  });
});

describe('the notes', () => {
  it('warn of nothing where all is well', async () => {
    expect(await warningsOf(NAMESPACE)).toEqual([]);
  });

  it('warn of a namespace that forbids the agents’ volumes', async () => {
    await makeNamespace('strict', { 'pod-security.kubernetes.io/enforce': 'baseline' });
    expect(await warningsOf('strict')).toEqual([
      'namespace strict enforces PodSecurity "baseline", which forbids hostPath volumes: no agent can start. Then this, and the DaemonSet makes its pods by itself:',
    ]);
  });

  it('warn of Secrets that are not there, or lack something', async () => {
    await server.admin.send('POST', `/api/v1/namespaces/${NAMESPACE}/secrets`, {
      metadata: { name: 'half' },
      data: { 'tls.crt': '', 'tls.key': '' },
    });
    const secrets = 'tls={"mode":"existingSecret","existingSecret":{"agent":"none","controller":"half"}}';
    expect(await warningsOf(NAMESPACE, [secrets])).toEqual([
      'Secret none of tls.existingSecret.agent is not in namespace backups: no agent starts until it is. It needs ca.crt, tls.crt and tls.key, with the DNS name agent.checkpoint-warden.',
      'Secret half of tls.existingSecret.controller has no ca.crt: no controller starts until it has.',
    ]);
  });

  it('warn of a CRD that is not there or will not stay, and of missing roles', async () => {
    expect(await warningsOf(NAMESPACE, ['crds.enabled=false', 'rbac.create=false'])).toEqual([
      expect.stringMatching(/^crds\.enabled is false, and the cluster has no CheckpointRetentionPolicy/),
      expect.stringMatching(/^rbac\.create is false: until the account warden-checkpoint-warden-controller /),
    ]);
    expect(await warningsOf(NAMESPACE, ['crds.keep=false'])).toEqual([
      'crds.keep is false: `helm uninstall` will delete every CheckpointRetentionPolicy of the cluster.',
    ]);
  });
});

describe('a release', () => {
  it('is installed, changed into every form and back, and loses no policy when it goes', async () => {
    const { admin } = server;
    await helmIn('install', NAMESPACE);
    const policy = {
      apiVersion: 'checkpoint-warden.dev/v1alpha1',
      kind: 'CheckpointRetentionPolicy',
      metadata: { name: 'default' },
      spec: { globalPolicy: { maxCheckpointsPerContainer: 3 } },
    };
    await expect
      .poll(async () => (await admin.send('GET', POLICIES_PATH)).status, { timeout: 30_000 })
      .toBe(200);
    expect((await admin.send('POST', POLICIES_PATH, policy)).status).toBe(201);

    // What an upgrade may not change, such as selectors, it would refuse.
    await helmIn('upgrade', NAMESPACE, [
      'controller.replicas=3',
      'agent.port=19464',
      'commonLabels={"a":"b"}',
    ]);
    await helmIn('upgrade', NAMESPACE, [
      'tls={"mode":"existingSecret","existingSecret":{"agent":"a","controller":"c"}}',
      'networkPolicy.enabled=false',
      'priorityClass.create=false',
    ]);
    await helmIn('rollback 1', NAMESPACE);
    await helmIn('uninstall', NAMESPACE);
    expect((await admin.send('GET', CRD_PATH)).status).toBe(200);
    const left = await admin.kubectl([
      'get',
      'all,pdb,netpol,role,sa',
      '-n',
      NAMESPACE,
      '-l',
      'app.kubernetes.io/managed-by=Helm',
      '-o',
      'name',
    ]);
    expect(left.stdout).toBe('');

    // The kept CRD is the release's again, and its policies are still there.
    await helmIn('install', NAMESPACE, ['crds.keep=false']);
    expect((await admin.send('GET', `${POLICIES_PATH}/default`)).status).toBe(200);
    await helmIn('uninstall', NAMESPACE);
    await expect.poll(async () => (await admin.send('GET', CRD_PATH)).status, { timeout: 30_000 }).toBe(404);
  });
});
