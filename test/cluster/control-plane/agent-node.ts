import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CheckpointSpec, makeSandbox, type Sandbox } from '@checkpoint-warden/agent/testing';
import { mountTlsSecret } from '@checkpoint-warden/kit/testing';
import type { ApiClient } from '../api-client.ts';
import { type Daemon, startDaemon } from '../daemon.ts';
import { freePort } from '../free-port.ts';
import { PROGRAM } from './program.ts';

/** A node with an agent: the files are real, and so is the program. */
export interface AgentNode extends Pick<Sandbox, 'list'> {
  readonly name: string;
  /** `host:port` of its metrics while it runs. */
  readonly metricsAddress: string;
  /** Writes an archive of a container, taken so many minutes ago. */
  checkpoint(owner: CheckpointSpec, minutesAgo: number): string;
  /** Starts the agent. Returns its log's path. */
  start(): void;
  kill(): Promise<void>;
  /** Does what the kubelet does with the agents' Secret. */
  mount(secret: TlsSecretData): void;
  logTail(): string;
  close(): Promise<void>;
}

export interface TlsSecretData {
  readonly 'ca.crt': string;
  readonly 'tls.crt': string;
  readonly 'tls.key': string;
}

export interface AgentNodeOptions {
  readonly name: string;
  /** 127.0.0.x, of the agent's pod. */
  readonly ip: string;
  readonly port: number;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export const AGENT_LABELS = {
  'app.kubernetes.io/name': 'checkpoint-warden',
  'app.kubernetes.io/component': 'agent',
};

/** Makes the Node and the agent's pod as the kubelet reports them, and a checkpoint directory. */
export async function makeAgentNode(
  api: ApiClient,
  { name, ip, port, namespace, labels = {} }: AgentNodeOptions,
): Promise<AgentNode> {
  const sandbox = makeSandbox();
  const tlsDir = join(sandbox.stateDir, '..', 'tls');
  const logFile = join(sandbox.stateDir, '..', 'agent.log');
  mkdirSync(tlsDir);
  await api.send('POST', '/api/v1/nodes', { metadata: { name, labels } });
  await makePod(api, { namespace, name: `agent-${name}`, node: name, ip, labels: AGENT_LABELS });
  const metricsAddress = `${ip}:${await freePort()}`;
  let agent: Daemon | undefined;
  return {
    name,
    metricsAddress,
    list: sandbox.list,
    checkpoint: (owner, minutesAgo) => sandbox.write(owner, new Date(Date.now() - minutesAgo * 60_000)),
    mount: (secret) =>
      mountTlsSecret(tlsDir, secret['ca.crt'], { cert: secret['tls.crt'], key: secret['tls.key'] }),
    start() {
      agent = startDaemon(
        process.execPath,
        [
          PROGRAM,
          'agent',
          `--checkpoint-dir=${sandbox.checkpointDir}`,
          `--state-dir=${sandbox.stateDir}`,
          `--node-name=${name}`,
          `--listen=${ip}:${port}`,
          `--tls-dir=${tlsDir}`,
          `--metrics-listen=${metricsAddress}`,
          '--scan-interval=2s',
        ],
        logFile,
      );
    },
    async kill() {
      await agent?.end('SIGKILL');
    },
    logTail: () => agent?.logTail() ?? '',
    async close() {
      await agent?.end('SIGKILL');
      sandbox.remove();
    },
  };
}

export interface PodSpec {
  readonly namespace: string;
  readonly name: string;
  readonly node?: string;
  readonly ip?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly containers?: readonly string[];
  readonly initContainers?: readonly string[];
}

/** A pod that runs, as the kubelet would report it. */
export async function makePod(
  api: ApiClient,
  { namespace, name, node, ip, labels = {}, containers = ['app'], initContainers = [] }: PodSpec,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const container = (each: string) => ({ name: each, image: 'localhost/none' });
  const { status } = await api.send('POST', path, {
    metadata: { name, labels },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      containers: containers.map(container),
      ...(initContainers.length === 0 ? {} : { initContainers: initContainers.map(container) }),
    },
  });
  if (status !== 201) throw new Error(`the pod ${namespace}/${name} cannot be made: ${status}`);
  if (ip === undefined) return;
  const report = { status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] } };
  await api.send('PATCH', `${path}/${name}/status`, report, 'application/merge-patch+json');
}

/** Deletes a pod at once, as the kubelet does at the end of its grace period. */
export async function deletePod(api: ApiClient, namespace: string, name: string): Promise<void> {
  await api.send('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`);
}
