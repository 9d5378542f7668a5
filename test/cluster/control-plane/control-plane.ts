import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crdYaml, type PolicySpec, type PolicyStatus } from '@checkpoint-warden/api';
import type { ApiClient } from '../api-client.ts';
import { type ApiServer, startApiServer } from '../api-server.ts';
import { chartRoles } from '../chart-roles.ts';
import { type Daemon, startDaemon } from '../daemon.ts';
import { freePort } from '../free-port.ts';
import { POLICIES_PATH } from '../policies-api.ts';
import { type AgentNode, makeAgentNode, type TlsSecretData } from './agent-node.ts';
import { PROGRAM } from './program.ts';
import { until } from './until.ts';

export const NAMESPACE = 'checkpoint-warden';
export const LEASE_PATH = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/checkpoint-warden-controller`;

/** A controller program. */
export interface ControllerProgram {
  readonly daemon: Daemon;
  /** `host:port` of its metrics while it runs. */
  readonly metricsAddress: string;
  /** One sample of its metrics, e.g. `checkpoint_warden_leader`; NaN while there is none. */
  metric(sample: string): Promise<number>;
}

/** A whole control plane: a real API server, real controllers and agents, self-managed TLS. */
export interface ControlPlane {
  readonly server: ApiServer;
  readonly api: ApiClient;
  readonly node1: AgentNode;
  readonly node2: AgentNode;
  startController(): Promise<ControllerProgram>;
  /** Writes a policy, over one that is there. Returns the status of the answer. */
  apply(name: string, spec: PolicySpec): Promise<number>;
  status(name: string): Promise<PolicyStatus | undefined>;
  /** Reason and message of a condition, after `Type=Status `. */
  condition(name: string, type: string): Promise<string>;
  /** Reasons and notes of the Events so far. */
  events(): Promise<{ readonly reason: string; readonly note: string }[]>;
  /** The end of all logs, for a failure. */
  logs(): string;
  close(): Promise<void>;
}

/** Starts one, up to agents that have their certificates. One controller runs. */
export async function startControlPlane(
  assets: string,
): Promise<ControlPlane & { readonly first: ControllerProgram }> {
  const server = await startApiServer({ assets });
  const api = server.admin;
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-warden-controllers-'));
  const controllers: ControllerProgram[] = [];
  const port = await freePort();
  await api.kubectl(['apply', '--server-side', '-f', '-'], crdYaml());
  for (const name of [NAMESPACE, 'shop'])
    await api.send('POST', '/api/v1/namespaces', { metadata: { name } });
  const { objects, user } = await chartRoles('checkpoint-warden', NAMESPACE);
  await api.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const node1 = await makeAgentNode(api, { name: 'node-1', ip: '127.0.0.2', port, namespace: NAMESPACE });
  const node2 = await makeAgentNode(api, {
    name: 'node-2',
    ip: '127.0.0.3',
    port,
    namespace: NAMESPACE,
    labels: { pool: 'gpu' },
  });
  const { kubeconfig } = await server.clientFor({ user, groups: [] });

  const plane: ControlPlane = {
    server,
    api,
    node1,
    node2,
    async startController() {
      const metricsAddress = `127.0.0.1:${await freePort()}`;
      const daemon = startDaemon(
        process.execPath,
        [
          PROGRAM,
          'controller',
          `--kubeconfig=${kubeconfig}`,
          `--namespace=${NAMESPACE}`,
          `--agent-port=${port}`,
          `--metrics-listen=${metricsAddress}`,
          '--poll-interval=2s',
          '--log-level=debug',
        ],
        join(folder, `controller-${controllers.length + 1}.log`),
      );
      const controller: ControllerProgram = {
        daemon,
        metricsAddress,
        async metric(sample) {
          try {
            const text = await (await fetch(`http://${metricsAddress}/metrics`)).text();
            const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
            return Number(line?.slice(sample.length + 1) ?? Number.NaN);
          } catch {
            return Number.NaN; // not up yet, or not any more
          }
        },
      };
      controllers.push(controller);
      return controller;
    },
    async apply(name, spec) {
      const object = {
        apiVersion: 'checkpoint-warden.dev/v1alpha1',
        kind: 'CheckpointRetentionPolicy',
        metadata: { name },
        spec,
      };
      const path = `${POLICIES_PATH}/${name}?fieldManager=test&force=true`;
      return (await api.send('PATCH', path, object, 'application/apply-patch+yaml')).status;
    },
    async status(name) {
      const { body } = await api.send('GET', `${POLICIES_PATH}/${name}`);
      return (body as { readonly status?: PolicyStatus }).status;
    },
    async condition(name, type) {
      const found = (await plane.status(name))?.conditions?.find((each) => each.type === type);
      return found === undefined ? '' : `${type}=${found.status} ${found.reason}: ${found.message}`;
    },
    async events() {
      const { body } = await api.send('GET', '/apis/events.k8s.io/v1/namespaces/default/events');
      return (body as { items: { reason: string; note: string }[] }).items;
    },
    logs: () =>
      [...controllers.map(({ daemon }) => daemon.logTail()), node1.logTail(), node2.logTail()].join('\n\n'),
    async close() {
      for (const { daemon } of controllers) await daemon.end('SIGKILL');
      await node1.close();
      await node2.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    const first = await plane.startController();
    let secret: TlsSecretData | undefined;
    await until('the leader has issued the agents’ certificate', async () => {
      secret = await readSecret(api, 'checkpoint-warden-agent-tls');
      return secret !== undefined;
    });
    for (const node of [node1, node2]) {
      if (secret !== undefined) node.mount(secret);
      node.start();
    }
    await until('both agents are reached', async () => {
      return (await first.metric('checkpoint_warden_agents{state="reachable"}')) === 2;
    });
    return { ...plane, first };
  } catch (error) {
    console.error(plane.logs());
    await plane.close();
    throw error;
  }
}

async function readSecret(api: ApiClient, name: string): Promise<TlsSecretData | undefined> {
  const { status, body } = await api.send('GET', `/api/v1/namespaces/${NAMESPACE}/secrets/${name}`);
  if (status !== 200) return undefined;
  const { data } = body as { readonly data: TlsSecretData };
  const text = (key: keyof TlsSecretData) => Buffer.from(data[key], 'base64').toString();
  return { 'ca.crt': text('ca.crt'), 'tls.crt': text('tls.crt'), 'tls.key': text('tls.key') };
}
