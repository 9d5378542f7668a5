import { type MemoryAgent, makeMemoryAgent, memoryDisk, until } from '@checkpoint-warden/agent/testing';
import { crdYaml } from '@checkpoint-warden/api';
import {
  createController,
  createControllerMetrics,
  createTlsIssuer,
} from '@checkpoint-warden/controller/testing';
import { AppError } from '@checkpoint-warden/errors';
import { createLogger, type HttpsClient, Registry, systemClock } from '@checkpoint-warden/kit';
import { createEventRecorder, createKubeApi, type KubeApi } from '@checkpoint-warden/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../chart/render-chart.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { type ChartRoles, chartRoles } from './chart-roles.ts';
import { makePod } from './control-plane/agent-node.ts';
import { POLICIES_PATH } from './policies-api.ts';

/** One verb on one resource in one of the rules, as the chart grants it. */
interface Grant {
  readonly role: number;
  readonly rule: number;
  readonly verb: string;
  readonly resource: string;
}

/** A controller as the program wires it, but for its agent, which is in this process and has no files. */
interface Scenario {
  /** All that it has logged, and written into the status of the policy. */
  readonly said: () => string;
  stop(): Promise<void>;
}

const DEADLINE_MS = 60_000;
const AGENT_LABELS = { app: 'agent' };

let server: ApiServer;
const running: Scenario[] = [];

beforeAll(async () => {
  server = await startApiServer({ assets: process.env.KUBEBUILDER_ASSETS ?? '' });
  await server.admin.kubectl(['apply', '--server-side', '-f', '-'], crdYaml());
  // The pod of the archives that every agent has is in no list of pods, and another is: an empty list is not believed.
  await server.admin.send('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  await makePod(server.admin, { namespace: 'shop', name: 'bystander' });
  await until(
    'the CRD is served',
    async () => (await server.admin.send('GET', POLICIES_PATH)).status === 200,
  );
});

afterAll(async () => {
  await Promise.all(running.map((scenario) => scenario.stop()));
  await server?.close();
});

/** Installs the chart's roles as they are, or without one grant, and starts a controller with them. */
async function start(
  namespace: string,
  { objects, user, leaseName }: ChartRoles,
  without?: Grant,
): Promise<Scenario> {
  const { admin } = server;
  await admin.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  const roles = without === undefined ? objects : withoutGrant(objects, without);
  const applied = await admin.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ kind: 'List', apiVersion: 'v1', items: roles }),
  );
  expect(applied.stderr).toBe('');
  await admin.send('POST', '/api/v1/nodes', { metadata: { name: namespace, labels: { own: namespace } } });
  // Only on its own node, so that controllers that run at the same time want different statuses.
  const { status } = await admin.send('POST', POLICIES_PATH, {
    apiVersion: 'checkpoint-warden.dev/v1alpha1',
    kind: 'CheckpointRetentionPolicy',
    metadata: { name: namespace },
    spec: {
      nodeSelector: { own: namespace },
      orphanGracePeriod: '1h',
      globalPolicy: { retainOrphan: false },
    },
  });
  expect(status).toBe(201);
  await makePod(admin, { namespace, name: 'agent', node: namespace, ip: '10.0.0.1', labels: AGENT_LABELS });
  // One that the controller has made and somebody has emptied: it is to be written anew.
  await admin.send('POST', `/api/v1/namespaces/${namespace}/secrets`, {
    metadata: {
      name: 'checkpoint-warden-agent-tls',
      labels: {
        'app.kubernetes.io/managed-by': 'checkpoint-warden',
        'app.kubernetes.io/part-of': 'checkpoint-warden',
      },
    },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': '', 'tls.key': '' },
  });
  const { kubeconfig } = await server.clientFor({ user, groups: ['system:serviceaccounts'] });

  const lines: string[] = [];
  const log = createLogger({
    level: 'debug',
    terminal: false,
    destination: { write: (line) => void lines.push(line) },
  });
  const clock = systemClock;
  const random = Math.random;
  const kube = await createKubeApi({
    kubeconfig,
    userAgent: 'checkpoint-warden/test',
    fieldManager: 'checkpoint-warden',
    requestTimeoutMs: 15_000,
    log,
  });
  const api: KubeApi = {
    ...kube,
    applyStatus(...args) {
      lines.push(JSON.stringify(args[1]));
      return kube.applyStatus(...args);
    },
  };
  const agent = makeAgent(namespace);
  const issuer = createTlsIssuer({ api, clock, random, log, namespace });
  const recorder = createEventRecorder({
    api,
    clock,
    random,
    log,
    reportingController: 'checkpoint-warden.dev/controller',
    reportingInstance: namespace,
  });
  const controller = createController(
    {
      api,
      call: callOf(agent),
      clock,
      random,
      log,
      metrics: createControllerMetrics(new Registry(), clock),
      recordEvent: recorder.record,
      whileLeading: [issuer],
      ready: issuer.ready,
    },
    {
      identity: namespace,
      namespace,
      leaseName,
      agentSelector: 'app=agent',
      agentPort: 9464,
      fixedAgents: [],
      pollIntervalMs: 1_000,
    },
  );
  const stop = new AbortController();
  // What recurs is one Event, written again.
  const recur = setInterval(() => {
    recorder.record({
      regarding: { apiVersion: 'v1', kind: 'Namespace', name: namespace },
      type: 'Normal',
      reason: 'Test',
      action: 'Test',
      note: 'again',
    });
  }, 500);
  const ended = Promise.all([controller.run(stop.signal), recorder.run(stop.signal)]);
  const scenario: Scenario = {
    said: () => lines.join('\n'),
    async stop() {
      clearInterval(recur);
      stop.abort();
      await ended;
      await agent.stop();
      await admin.send('DELETE', `${POLICIES_PATH}/${namespace}`);
      await admin.send('DELETE', `/api/v1/nodes/${namespace}`);
    },
  };
  running.push(scenario);
  return scenario;
}

function withoutGrant(objects: readonly KubeObject[], { role, rule, verb }: Grant): KubeObject[] {
  return objects.map((object, at) =>
    at !== role
      ? object
      : {
          ...object,
          rules: object.rules
            .map((each: { verbs: string[] }, index: number) =>
              index === rule ? { ...each, verbs: each.verbs.filter((other) => other !== verb) } : each,
            )
            .filter(({ verbs }: { verbs: string[] }) => verbs.length > 0),
        },
  );
}

function grantsOf(objects: readonly KubeObject[]): Grant[] {
  return objects.flatMap(({ rules = [] }, role) =>
    rules.flatMap(({ apiGroups, resources, verbs }: KubeObject, rule: number) =>
      verbs.map((verb: string) => {
        const [name, subresource] = resources[0].split('/');
        const group = apiGroups[0] === '' ? '' : `.${apiGroups[0]}`;
        return { role, rule, verb, resource: name + group + (subresource ? `/${subresource}` : '') };
      }),
    ),
  );
}

/** An agent with one archive of a pod that does not exist. */
function makeAgent(node: string): MemoryAgent {
  const disk = memoryDisk(systemClock);
  disk.store.put('checkpoint-gone-0_shop-app-2026-01-01T00:00:00Z.tar', {
    structure: 'complete',
    owner: { namespace: 'shop', pod: 'gone-0', container: 'app' },
    sizeBytes: 1_000,
    mtimeMs: Date.UTC(2026, 0, 1),
  });
  return makeMemoryAgent({ node, clock: systemClock, random: Math.random, disk });
}

function callOf(agent: MemoryAgent): HttpsClient {
  return async ({ method, url, body, headers }) => {
    await undefined;
    const { pathname, search } = new URL(url);
    if (!['GET', 'PUT'].includes(method))
      throw new AppError('CW_ERR_UNREACHABLE', method, { retryable: true });
    const call = { method, path: pathname + search, body, ...(headers === undefined ? {} : { headers }) };
    const answer = agent.call(call);
    return { etag: answer.headers.etag, ...answer };
  };
}

/** How often the API server has answered so far: by `verb resource`, and whether it was forbidden. */
async function answers(): Promise<ReadonlyMap<string, { readonly ok: number; readonly forbidden: number }>> {
  const { body } = await server.admin.send('GET', '/metrics');
  const counts = new Map<string, { ok: number; forbidden: number }>();
  // A watch is in the total only once it has ended.
  const samples = /^apiserver_(?:request_total|longrunning_requests)\{(.*)\} (\d+)$/gm;
  for (const [, labels = '', value] of String(body).matchAll(samples)) {
    const {
      code = '',
      verb = '',
      group = '',
      resource = '',
      subresource = '',
    } = Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', text = '']) => [name, text]),
    );
    const key = `${VERBS[verb] ?? verb} ${resource}${group && `.${group}`}${subresource && `/${subresource}`}`;
    const count = counts.get(key) ?? { ok: 0, forbidden: 0 };
    if (code === '403') count.forbidden += Number(value);
    else if (/^(2..|404|)$/.test(code)) count.ok += Number(value);
    counts.set(key, count);
  }
  return counts;
}

/** As RBAC names what the API server counts. */
const VERBS: Readonly<Record<string, string>> = {
  APPLY: 'patch',
  GET: 'get',
  LIST: 'list',
  PATCH: 'patch',
  POST: 'create',
  PUT: 'update',
  WATCH: 'watch',
};

describe('the roles of the chart', async () => {
  const grants = grantsOf((await chartRoles('r0', 'rbac-0')).objects);

  it('let the controller do all that it does, and it makes use of all of them', {
    timeout: 120_000,
  }, async () => {
    expect(grants.length).toBeGreaterThan(10);
    const before = await answers();
    const scenario = await start('rbac-0', await chartRoles('r0', 'rbac-0'));
    const sinceStart = async (what: 'ok' | 'forbidden', { verb, resource }: Grant) => {
      const key = `${verb} ${resource}`;
      return ((await answers()).get(key)?.[what] ?? 0) - (before.get(key)?.[what] ?? 0);
    };
    let unused: Grant[] = [];
    try {
      await until(
        'every verb has been used',
        async () => {
          const used = await Promise.all(grants.map((grant) => sinceStart('ok', grant)));
          unused = grants.filter((_, index) => used[index] === 0);
          return unused.length === 0;
        },
        DEADLINE_MS,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}; not: ${JSON.stringify(unused)}\n${scenario.said()}`);
    }
    const after = await answers();
    const refused = [...after].filter(
      ([key, { forbidden }]) => forbidden > (before.get(key)?.forbidden ?? 0),
    );
    expect(refused).toEqual([]);
    expect(scenario.said()).not.toContain('Forbidden');
  });

  describe('without one of their verbs', () => {
    it.concurrent.each(
      grants.map((grant, index) => [`${grant.verb} ${grant.resource}`, index + 1, grant] as const),
    )('the controller says which to grant: %s', { timeout: 180_000 }, async (_, number, grant) => {
      const namespace = `rbac-${number}`;
      const scenario = await start(namespace, await chartRoles(`r${number}`, namespace), grant);
      const { verb, resource } = grant;
      await until(
        'it is said',
        () => scenario.said().includes(`the verb ${verb} on ${resource}`),
        DEADLINE_MS,
      ).catch((error: Error) => {
        throw new Error(`${error.message}\n${scenario.said().split('\n').slice(-40).join('\n')}`);
      });
      await scenario.stop();
    });
  });
});
