import { AgentSettings } from '@checkpoint-warden/agent';
import { ControllerSettings } from '@checkpoint-warden/controller';
import { describeSettings, loadSettings } from '@checkpoint-warden/kit/settings';
import type { TObject } from 'typebox';
import { describe, expect, it } from 'vitest';
import { CI_VALUES, find, type KubeObject, renderChart } from './render-chart.ts';

/** What stands in the arguments of a container: the command, and the flags by their settings' names. */
function readArgs(
  container: KubeObject,
  schema: TObject,
): { command: string; flags: Record<string, string> } {
  const [command = '', ...args] = container.args as string[];
  const names = new Map(describeSettings(schema).map(({ flag, name }) => [flag, name]));
  const flags: Record<string, string> = {};
  for (const arg of args) {
    const [, flag = '', value = ''] = /^(--[a-z-]+)=(.*)$/.exec(arg) ?? [];
    const name = names.get(flag);
    if (name === undefined) throw new Error(`${command} has no flag ${arg}`);
    flags[name] = name in flags ? `${flags[name]},${value}` : value;
  }
  return { command, flags };
}

function container(objects: readonly KubeObject[], kind: string): KubeObject {
  return find(objects, kind).spec.template.spec.containers[0];
}

/** As the kubelet sets it. */
const NODE_ENV = { CHECKPOINT_WARDEN_NODE_NAME: 'node-1' };

describe.each(CI_VALUES)('the programs, with ci/%s', (file) => {
  it('accept what they are given', async () => {
    const objects = await renderChart({ files: [file] });
    const agent = readArgs(container(objects, 'DaemonSet'), AgentSettings);
    const controller = readArgs(container(objects, 'Deployment'), ControllerSettings);
    expect(agent.command).toBe('agent');
    expect(controller.command).toBe('controller');
    const agentSettings = loadSettings(AgentSettings, { env: NODE_ENV, flags: agent.flags });
    const controllerSettings = loadSettings(ControllerSettings, { env: {}, flags: controller.flags });
    expect(agentSettings.nodeName).toBe('node-1');
    expect(agentSettings.policyFile).toBeUndefined();
    expect(controllerSettings.agentPort).toBe(agentSettings.listen?.port);
    expect(controllerSettings.namespace).toBe('backups');
  });

  it('are reached where they listen', async () => {
    const objects = await renderChart({ files: [file] });
    const agent = container(objects, 'DaemonSet');
    const controller = container(objects, 'Deployment');
    const ports = (of: KubeObject) =>
      Object.fromEntries(of.ports.map(({ name, containerPort }: KubeObject) => [name, containerPort]));
    const { listen, metricsListen } = loadSettings(AgentSettings, {
      env: {},
      flags: readArgs(agent, AgentSettings).flags,
    });
    expect(ports(agent)).toEqual({ api: listen?.port, metrics: metricsListen.port });
    const settings = loadSettings(ControllerSettings, {
      env: {},
      flags: readArgs(controller, ControllerSettings).flags,
    });
    expect(ports(controller)).toEqual({ metrics: settings.metricsListen.port });
    for (const { startupProbe, livenessProbe, readinessProbe } of [agent, controller]) {
      // A start that takes ten minutes is no reason to begin it anew.
      expect(startupProbe).toMatchObject({ periodSeconds: 1, failureThreshold: 600 });
      expect(startupProbe.httpGet).toEqual(livenessProbe.httpGet);
      expect(livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'metrics' });
      expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
    }
  });

  it('mount the directories that they are told to use', async () => {
    const objects = await renderChart({ files: [file] });
    const agent = container(objects, 'DaemonSet');
    const { flags } = readArgs(agent, AgentSettings);
    const paths = Object.fromEntries(
      agent.volumeMounts.map(({ name, mountPath }: KubeObject) => [name, mountPath]),
    );
    expect(paths).toEqual({ checkpoints: flags.checkpointDir, state: flags.stateDir, tls: flags.tlsDir });
    // So that a command in its pod finds the agent.
    const env = Object.fromEntries(agent.env.map(({ name, value }: KubeObject) => [name, value]));
    expect(env).toMatchObject({
      CHECKPOINT_WARDEN_CHECKPOINT_DIR: flags.checkpointDir,
      CHECKPOINT_WARDEN_STATE_DIR: flags.stateDir,
    });
    const controller = container(objects, 'Deployment');
    const [mount] = controller.volumeMounts ?? [];
    expect(readArgs(controller, ControllerSettings).flags.tlsDir).toBe(mount?.mountPath);
  });

  it('find each other: the selector is that of the DaemonSet, and the Services’ selectors those of the pods', async () => {
    const objects = await renderChart({ files: [file] });
    const { agentSelector } = readArgs(container(objects, 'Deployment'), ControllerSettings).flags;
    const pairs = agentSelector?.split(',').map((pair) => pair.split('=')) ?? [];
    const agents = find(objects, 'DaemonSet').spec;
    expect(Object.fromEntries(pairs)).toEqual(agents.selector.matchLabels);
    for (const [kind, end] of [
      ['DaemonSet', '-agent'],
      ['Deployment', '-controller'],
    ] as const) {
      const { selector, template } = find(objects, kind).spec;
      expect(template.metadata.labels).toMatchObject(selector.matchLabels);
      expect(find(objects, 'Service', end).spec.selector).toEqual(selector.matchLabels);
    }
  });
});

describe('every setting of the programs', () => {
  /** Those that a user has no choice in; the other ones are values, under their names. */
  const BY_THE_CHART = {
    agent: ['policyFile', 'nodeName', 'listen', 'tlsDir', 'metricsListen'],
    controller: [
      'kubeconfig',
      'namespace',
      'leaseName',
      'agentSelector',
      'agentPort',
      'agent',
      'tlsDir',
      'metricsListen',
    ],
  };

  it.each([
    ['agent', 'DaemonSet', AgentSettings],
    ['controller', 'Deployment', ControllerSettings],
  ] as const)('of the %s is a value, or the chart’s own affair', async (component, kind, schema) => {
    const other: Record<string, string> = {
      checkpointDir: '/data',
      stateDir: '/state',
      scanInterval: '7m',
      quietPeriod: '8m',
      pollInterval: '29s',
      logLevel: 'error',
    };
    const names = describeSettings(schema)
      .map(({ name }) => name)
      .filter((name) => !BY_THE_CHART[component].includes(name));
    const objects = await renderChart({
      set: names.map((name) => `${component}.${name}=${JSON.stringify(other[name])}`),
    });
    const { flags } = readArgs(container(objects, kind), schema);
    for (const name of names) expect([name, flags[name]]).toEqual([name, other[name]]);
  });

  it('has the program’s default', async () => {
    const objects = await renderChart();
    for (const [kind, schema] of [
      ['DaemonSet', AgentSettings],
      ['Deployment', ControllerSettings],
    ] as const) {
      const { flags } = readArgs(container(objects, kind), schema);
      for (const { name, default: value } of describeSettings(schema)) {
        if (value === undefined || ['namespace', 'leaseName', 'agentSelector'].includes(name)) continue;
        expect([name, flags[name]]).toEqual([name, value]);
      }
    }
  });
});

describe('names', () => {
  it('begin with the release’s, once', async () => {
    const nameIn = async (release: string) => find(await renderChart({ release }), 'DaemonSet').metadata.name;
    expect(await nameIn('checkpoint-warden')).toBe('checkpoint-warden-agent');
    expect(await nameIn('prod')).toBe('prod-checkpoint-warden-agent');
    expect(await nameIn('a'.repeat(53))).toBe(`${'a'.repeat(50)}-agent`);
  });

  it('fit into the 63 characters of a label, whatever the release is called', async () => {
    const objects = await renderChart({ release: `r${'-x'.repeat(26)}` });
    for (const { kind, metadata } of objects) {
      if (kind === 'CustomResourceDefinition') continue;
      expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      for (const value of Object.values(metadata.labels ?? {})) expect(value.length).toBeLessThanOrEqual(63);
    }
  });

  it('of what selects pods never change: an upgrade cannot change it', async () => {
    const plain = await renderChart({ release: 'checkpoint-warden' });
    const full = await renderChart({
      release: 'checkpoint-warden',
      files: ['full-values.yaml'],
      set: ['nameOverride=""'],
    });
    for (const objects of [plain, full]) {
      for (const [kind, component] of [
        ['DaemonSet', 'agent'],
        ['Deployment', 'controller'],
      ] as const) {
        expect(find(objects, kind).spec.selector).toEqual({
          matchLabels: {
            'app.kubernetes.io/name': 'checkpoint-warden',
            'app.kubernetes.io/instance': 'checkpoint-warden',
            'app.kubernetes.io/component': component,
          },
        });
      }
    }
  });

  it('of Lease and Role agree', async () => {
    const objects = await renderChart({ release: 'prod' });
    const { leaseName } = readArgs(container(objects, 'Deployment'), ControllerSettings).flags;
    const rule = find(objects, 'Role').rules.find((each: KubeObject) =>
      each.resourceNames?.includes(leaseName),
    );
    expect(rule).toMatchObject({ resources: ['leases'], verbs: ['get', 'update'] });
  });

  it('of the image are its digest’s where one is given, and the chart’s version otherwise', async () => {
    const image = async (...set: string[]) => container(await renderChart({ set }), 'DaemonSet').image;
    expect(await image()).toMatch(/^ghcr\.io\/checkpoint-warden\/checkpoint-warden:\d+\.\d+\.\d+/);
    expect(await image('image.tag="1.2.3"')).toMatch(/:1\.2\.3$/);
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(await image('image.tag="1.2.3"', `image.digest="${digest}"`)).toMatch(
      /^ghcr\.io\/checkpoint-warden\/checkpoint-warden@sha256:0{64}$/,
    );
  });
});

describe('TLS', () => {
  it('of cert-manager gives each side its name and one usage, in Secrets that selfManaged does not use', async () => {
    const objects = await renderChart({ release: 'checkpoint-warden', files: ['cert-manager-values.yaml'] });
    const certificates = objects.filter(({ kind }) => kind === 'Certificate').map(({ spec }) => spec);
    const common = {
      duration: '2160h',
      renewBefore: '720h',
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      issuerRef: { name: 'checkpoint-warden-ca', kind: 'Issuer', group: 'cert-manager.io' },
    };
    expect(certificates).toEqual([
      expect.objectContaining({ isCA: true, secretName: 'checkpoint-warden-ca-cert' }),
      {
        ...common,
        secretName: 'checkpoint-warden-agent-cert',
        dnsNames: ['agent.checkpoint-warden'],
        usages: ['digital signature', 'server auth'],
      },
      {
        ...common,
        secretName: 'checkpoint-warden-controller-cert',
        dnsNames: ['controller.checkpoint-warden'],
        usages: ['digital signature', 'client auth'],
      },
    ]);
    const issuers = objects.filter(({ kind }) => kind === 'Issuer').map(({ spec }) => spec);
    expect(issuers).toEqual([{ selfSigned: {} }, { ca: { secretName: 'checkpoint-warden-ca-cert' } }]);
    const secretOf = (kind: string) =>
      find(objects, kind).spec.template.spec.volumes.find((each: KubeObject) => each.name === 'tls').secret
        .secretName;
    expect([secretOf('DaemonSet'), secretOf('Deployment')]).toEqual([
      'checkpoint-warden-agent-cert',
      'checkpoint-warden-controller-cert',
    ]);
  });

  it('of a given issuer makes no CA', async () => {
    const objects = await renderChart({ files: ['cert-manager-issuer-values.yaml'] });
    expect(objects.filter(({ kind }) => kind === 'Issuer')).toEqual([]);
    const certificates = objects.filter(({ kind }) => kind === 'Certificate');
    expect(certificates).toHaveLength(2);
    for (const { spec } of certificates) {
      expect(spec).toMatchObject({
        issuerRef: { name: 'internal', kind: 'ClusterIssuer', group: 'cert-manager.io' },
        duration: '720h',
        renewBefore: '240h',
      });
    }
  });
});
