import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CHART, template } from './render-chart.ts';

interface ValueSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly items?: ValueSchema;
}

const schema: ValueSchema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
const defaults = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
/** Beside ours, for parent charts. */
const FOREIGN = ['global', 'enabled'];

/** Paths of all values. */
function pathsOf({ properties = {} }: ValueSchema, path = ''): string[] {
  return Object.entries(properties)
    .filter(([name]) => path !== '' || !FOREIGN.includes(name))
    .flatMap(([name, value]) =>
      value.properties !== undefined && value.default === undefined
        ? pathsOf(value, `${path}${name}.`)
        : [`${path}${name}`],
    );
}

/** Another value than the default, and what has to be set with it so that it matters. */
const OTHERWISE: Readonly<Record<string, { value: unknown; with?: readonly string[] }>> = {
  nameOverride: { value: 'other' },
  fullnameOverride: { value: 'other' },
  commonLabels: { value: { a: 'b' } },
  'image.repository': { value: 'example.com/warden' },
  'image.tag': { value: 'other' },
  'image.digest': { value: `sha256:${'0'.repeat(64)}` },
  'image.pullPolicy': { value: 'Always' },
  imagePullSecrets: { value: [{ name: 'registry' }] },
  'agent.checkpointDir': { value: '/data' },
  'agent.stateDir': { value: '/state' },
  'agent.updateStrategy.type': { value: 'OnDelete' },
  'agent.updateStrategy.maxUnavailable': { value: 3 },
  'agent.seLinuxOptions': { value: { type: 'spc_t' } },
  'controller.fixedAgents': { value: { 'node-9': 'https://10.0.0.9:9464' } },
  'controller.runAsUser': { value: 1000 },
  'controller.spreadOver': { value: ['kubernetes.io/hostname'] },
  'tls.mode': { value: 'certManager' },
  'tls.certManager.issuerRef.name': { value: 'internal', with: ['tls.mode="certManager"'] },
  'tls.certManager.issuerRef.kind': {
    value: 'ClusterIssuer',
    with: ['tls.mode="certManager"', 'tls.certManager.issuerRef.name="internal"'],
  },
  'tls.certManager.issuerRef.group': {
    value: 'example.com',
    with: ['tls.mode="certManager"', 'tls.certManager.issuerRef.name="internal"'],
  },
  'tls.certManager.duration': { value: '24h', with: ['tls.mode="certManager"'] },
  'tls.certManager.renewBefore': { value: '12h', with: ['tls.mode="certManager"'] },
  'tls.existingSecret.controller': {
    value: 'other',
    with: ['tls.mode="existingSecret"', 'tls.existingSecret={"agent":"a","controller":"c"}'],
  },
  'tls.existingSecret.agent': {
    value: 'other',
    with: ['tls.mode="existingSecret"', 'tls.existingSecret={"agent":"a","controller":"c"}'],
  },
  'crds.keep': { value: false, with: ['crds.enabled=true'] },
  'crds.annotations': { value: { a: 'b' }, with: ['crds.enabled=true'] },
  'crds.enabled': { value: true },
  'controller.serviceAccount.create': { value: false, with: ['controller.serviceAccount.name="other"'] },
  'networkPolicy.metricsFrom': { value: [{ namespaceSelector: {} }] },
  'priorityClass.name': { value: 'other' },
  'monitoring.labels': { value: { a: 'b' }, with: ['monitoring.rules.enabled=true'] },
  'monitoring.monitors.interval': { value: '1m', with: ['monitoring.monitors.enabled=true'] },
  'monitoring.monitors.scrapeTimeout': { value: '5s', with: ['monitoring.monitors.enabled=true'] },
  'monitoring.monitors.relabelings': {
    value: [{ targetLabel: 'a' }],
    with: ['monitoring.monitors.enabled=true'],
  },
  'monitoring.monitors.metricRelabelings': {
    value: [{ targetLabel: 'a' }],
    with: ['monitoring.monitors.enabled=true'],
  },
  'monitoring.rules.runbookUrl': {
    value: 'https://example.com/runbooks',
    with: ['monitoring.rules.enabled=true'],
  },
  'monitoring.rules.alerts': {
    value: { AgentDown: { enabled: false } },
    with: ['monitoring.rules.enabled=true'],
  },
  'monitoring.dashboard.namespace': { value: 'other', with: ['monitoring.dashboard.enabled=true'] },
  'monitoring.dashboard.labels': { value: { a: 'b' }, with: ['monitoring.dashboard.enabled=true'] },
  'monitoring.dashboard.annotations': { value: { a: 'b' }, with: ['monitoring.dashboard.enabled=true'] },
};
/** By the last name of the path, where all of that name are alike. */
const ALIKE: Readonly<Record<string, unknown>> = {
  scanInterval: '5m',
  quietPeriod: '5m',
  pollInterval: '25s',
  logLevel: 'debug',
  port: 10_000,
  metricsPort: 10_001,
  resources: { limits: { memory: '3Gi' } },
  nodeSelector: { a: 'b' },
  tolerations: [{ key: 'a', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'other',
  podLabels: { a: 'b' },
  podAnnotations: { a: 'b' },
  annotations: { a: 'b' },
  'serviceAccount.name': 'other',
};

function otherwise(path: string): { value: unknown; with?: readonly string[] } {
  const [last = '', before] = path.split('.').reverse();
  const given = OTHERWISE[path] ?? { value: ALIKE[last] ?? ALIKE[`${before}.${last}`] };
  if (given.value !== undefined) return given;
  const value = path.split('.').reduce((values, name) => values?.[name], defaults);
  if (typeof value === 'boolean') return { value: !value };
  if (typeof value === 'number') return { value: value + 1 };
  throw new Error(`say in this test what else ${path} could be`);
}

const rendered = new Map<string, Promise<string>>();

/** The same settings are rendered once. */
function render(set: readonly string[]): Promise<string> {
  const key = set.join('\n');
  const found = rendered.get(key) ?? renderNow(set);
  rendered.set(key, found);
  return found;
}

async function renderNow(set: readonly string[]): Promise<string> {
  // Most of the time goes into the CRD and the schema, which are for the other tests.
  const { code, stdout, stderr } = await template({
    set: ['crds.enabled=false', ...set],
    flags: ['--skip-schema-validation'],
  });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

describe('values.yaml and its schema', () => {
  it('have the same values with the same defaults', () => {
    const walk = (from: ValueSchema, values: Record<string, unknown>, path: string): void => {
      const names = Object.keys(from.properties ?? {}).filter(
        (name) => path !== '' || !FOREIGN.includes(name),
      );
      expect([path, Object.keys(values)]).toEqual([path, names]);
      for (const name of names) {
        const child = from.properties?.[name];
        if (child?.properties !== undefined && child.default === undefined) {
          walk(child, values[name] as Record<string, unknown>, `${path}${name}.`);
        } else expect([path + name, values[name]]).toEqual([path + name, child?.default]);
      }
    };
    walk(schema, defaults, '');
  });

  it('describe every value, and leave no object open but maps of texts', () => {
    const open: string[] = [];
    const walk = (value: ValueSchema, path: string): void => {
      if (value.properties !== undefined && value.additionalProperties !== false) open.push(path);
      for (const [name, child] of Object.entries(value.properties ?? {})) walk(child, `${path}.${name}`);
      if (value.items !== undefined) walk(value.items, `${path}[]`);
    };
    walk(schema, '');
    expect(open).toEqual([]);
    for (const path of pathsOf(schema)) {
      const value = path.split('.').reduce<ValueSchema>((at, name) => at.properties?.[name] ?? {}, schema);
      expect([path, value.description?.endsWith('.')]).toEqual([path, true]);
    }
  });
});

describe('every value has an effect', () => {
  it('and this test knows them all', () => {
    expect(pathsOf(schema).length).toBeGreaterThan(60);
    expect(Object.keys(OTHERWISE).filter((path) => !pathsOf(schema).includes(path))).toEqual([]);
  });

  it.concurrent.each(pathsOf(schema).filter((path) => !path.startsWith('monitoring.')))(
    '%s',
    { timeout: 120_000 },
    async (path) => {
      const { value, with: needed = [] } = otherwise(path);
      const [without, changed] = await Promise.all([
        render(needed),
        render([...needed, `${path}=${JSON.stringify(value)}`]),
      ]);
      expect(changed).not.toBe(without);
    },
  );
});

describe('a wrong value is refused with its path', () => {
  it.concurrent.each([
    ['agnet.logLevel="info"', "additional properties 'agnet' not allowed"],
    ['agent.loglevel="info"', "at '/agent': additional properties 'loglevel' not allowed"],
    ['agent.logLevel="verbose"', "at '/agent/logLevel': value must be one of"],
    ['agent.checkpointDir="checkpoints"', "at '/agent/checkpointDir'"],
    ['agent.checkpointDir="/"', "at '/agent/checkpointDir'"],
    ['agent.checkpointDir="/var/lib/../etc"', "at '/agent/checkpointDir'"],
    ['agent.stateDir=""', "at '/agent/stateDir'"],
    ['agent.scanInterval="1 minute"', "at '/agent/scanInterval'"],
    ['agent.scanInterval=60', "at '/agent/scanInterval': got number, want string"],
    ['agent.scanInterval="0s"', "at '/agent/scanInterval': 'not' failed"],
    ['agent.quietPeriod="-1s"', "at '/agent/quietPeriod'"],
    ['agent.port=443', "at '/agent/port': minimum: got 443, want 1,024"],
    ['agent.port=70000', "at '/agent/port': maximum: got 70,000, want 65,535"],
    ['agent.port="9464"', "at '/agent/port': got string, want integer"],
    ['agent.updateStrategy.type="Recreate"', "at '/agent/updateStrategy/type'"],
    ['agent.updateStrategy.maxUnavailable="0%"', "at '/agent/updateStrategy/maxUnavailable'"],
    ['agent.updateStrategy.maxSurge=1', "at '/agent/updateStrategy': additional properties 'maxSurge'"],
    ['agent.resources={"limit":{}}', "at '/agent/resources': additional properties 'limit'"],
    ['agent.resources={"limits":{"memory":"1 GB"}}', "at '/agent/resources/limits/memory'"],
    ['agent.tolerations={"operator":"Exists"}', "at '/agent/tolerations': got object, want array"],
    ['agent.tolerations=[{"operator":"Any"}]', "at '/agent/tolerations/0/operator'"],
    ['agent.tolerations=[{"keys":"a"}]', "at '/agent/tolerations/0': additional properties 'keys'"],
    ['agent.affinity={"nodeAfinity":{}}', "at '/agent/affinity': additional properties 'nodeAfinity'"],
    ['agent.nodeSelector={"gpu":true}', "at '/agent/nodeSelector/gpu': got boolean, want string"],
    ['agent.hostNetwork=true', "at '/agent': additional properties 'hostNetwork' not allowed"],
    ['agent.serviceAccount.name="My Account"', "at '/agent/serviceAccount/name'"],
    ['controller.replicas=0', "at '/controller/replicas': minimum: got 0, want 1"],
    ['controller.replicas=1.5', "at '/controller/replicas': got number, want integer"],
    ['controller.runAsUser=0', "at '/controller/runAsUser': minimum: got 0, want 1"],
    ['controller.fixedAgents={"n":"http://10.0.0.1:9464"}', "at '/controller/fixedAgents/n'"],
    [
      'controller.podDisruptionBudget.maxUnavailable=0',
      "at '/controller/podDisruptionBudget/maxUnavailable'",
    ],
    ['image.digest="sha256:abc"', "at '/image/digest'"],
    ['image.pullPolicy="always"', "at '/image/pullPolicy': value must be one of"],
    ['imagePullSecrets=["registry"]', "at '/imagePullSecrets/0': got string, want object"],
    ['nameOverride="Warden"', "at '/nameOverride'"],
    [`fullnameOverride="${'x'.repeat(51)}"`, "at '/fullnameOverride': maxLength: got 51, want 50"],
    ['tls.mode="none"', "at '/tls/mode': value must be one of"],
    ['tls.mode="existingSecret"', "at '/tls/existingSecret/agent': minLength: got 0, want 1"],
    ['tls.certManager.duration="90d"', "at '/tls/certManager/duration'"],
    ['crds.keep="yes"', "at '/crds/keep': got string, want boolean"],
    ['rbac=false', "at '/rbac': got boolean, want object"],
    [
      'networkPolicy.metricsFrom=[{"ipBlock":{}}]',
      "at '/networkPolicy/metricsFrom/0/ipBlock': missing property",
    ],
    ['priorityClass.value=2000000000', "at '/priorityClass/value': maximum"],
    ['agent.metricsPort=9464', 'agent.port and agent.metricsPort are both 9464'],
    ['agent.stateDir="/var/lib/kubelet/checkpoints/state"', 'must not lie in each other'],
    ['controller.serviceAccount.create=false', 'controller.serviceAccount.name is empty'],
  ])('%s', { timeout: 120_000 }, async (assignment, message) => {
    const { code, stderr } = await template({ set: [assignment] });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('and values of a parent chart are let pass', async () => {
    const { code, stderr } = await template({ set: ['global={"region":"x"}', 'enabled=true'] });
    expect([code, stderr]).toEqual([0, '']);
  });
});
