import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type ApiAddress, type ApiClient, makeApiClient } from './api-client.ts';
import { makeServerCredentials, type ServerCredentials, type User } from './credentials.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { commonApiServerFlags, etcdFlags } from './flags.ts';
import { freePort } from './free-port.ts';

/** What to start an API server with. */
export interface ApiServerOptions {
  /** A folder with etcd, kube-apiserver and kubectl: see `provideAssets`. */
  readonly assets: string;
  /** More flags of kube-apiserver. */
  readonly flags?: readonly string[];
}

/**
 * A real etcd and a real kube-apiserver with RBAC, and nothing else of Kubernetes. So nobody gives nodes, runs pods, finishes
 * the deletion of a namespace or makes service accounts: a test writes such objects, and deletes pods that are on a node with
 * `gracePeriodSeconds: 0`, itself.
 */
export interface ApiServer {
  readonly address: ApiAddress;
  /** Base URL of etcd, for who fills it with more than goes through the API server in bearable time. */
  readonly etcd: string;
  /** As one who may do everything. */
  readonly admin: ApiClient;
  /** As a user who may do what RBAC gives. */
  clientFor(user: User): Promise<ApiClient>;
  /** Process ids of what runs. */
  pids(): number[];
  /** Ends the kube-apiserver as a rollout does, letting requests finish. etcd stays. */
  stop(): Promise<void>;
  /** Ends the kube-apiserver at once, as a crash does. etcd stays. */
  kill(): Promise<void>;
  /** Starts it again, with the same address and data. Returns when it is ready. */
  start(): Promise<void>;
  /** Ends everything and removes its files. */
  close(): Promise<void>;
}

/** It is ready after 3 s on a machine that has nothing else to do. */
const READY_WITHIN_MS = 90_000;
const POLL_MS = 50;

/**
 * Starts an API server of its own for the caller, on free ports of 127.0.0.1 and with its files in a temporary folder.
 * Both processes end with this one, however that ends.
 *
 * @returns when it is ready
 * @throws Error with the end of the log of what did not start
 */
export async function startApiServer({ assets, flags = [] }: ApiServerOptions): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-warden-cluster-'));
  const credentials = join(folder, 'credentials');
  const files = await makeServerCredentials(credentials, ['127.0.0.1']);
  const [etcdPort, peerPort, port] = await Promise.all([freePort(), freePort(), freePort()]);
  const address: ApiAddress = { url: `https://127.0.0.1:${port}`, credentials, assets };
  const admin = await makeApiClient(address);
  const clients = [admin];

  const etcd = startDaemon(
    join(assets, 'etcd'),
    etcdFlags(folder, etcdPort, peerPort),
    join(folder, 'etcd.log'),
  );
  let apiServer: Daemon | undefined;
  const server: ApiServer = {
    address,
    etcd: `http://127.0.0.1:${etcdPort}`,
    admin,
    async clientFor(user) {
      const client = await makeApiClient(address, user);
      clients.push(client);
      return client;
    },
    pids: () => [etcd, apiServer].flatMap((daemon) => (daemon && !daemon.ended() ? [daemon.pid] : [])),
    async stop() {
      await apiServer?.end('SIGTERM');
    },
    async kill() {
      await apiServer?.end('SIGKILL');
    },
    async start() {
      apiServer = startDaemon(
        join(assets, 'kube-apiserver'),
        [...apiServerFlags(files, etcdPort, port), ...flags],
        join(folder, 'kube-apiserver.log'),
      );
      await untilReady(admin, [etcd, apiServer]);
    },
    async close() {
      for (const client of clients) client.close();
      await apiServer?.end('SIGKILL');
      await etcd.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

function apiServerFlags(files: ServerCredentials, etcdPort: number, port: number): string[] {
  return [
    ...commonApiServerFlags(files, etcdPort),
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    // Without these two it looks for an address of the machine that is not 127.0.0.1, and there may be none.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--authorization-mode=RBAC',
    // It refuses pods whose service account does not exist, and who makes those is not here.
    '--disable-admission-plugins=ServiceAccount',
  ];
}

async function untilReady(admin: ApiClient, daemons: readonly Daemon[]): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(admin))) {
    const ended = daemons.find((daemon) => daemon.ended() !== undefined);
    const late = performance.now() > deadline;
    if (ended || late) {
      const what = ended
        ? `${ended.logFile} ${ended.ended()}`
        : `not ready after ${READY_WITHIN_MS / 1000} s`;
      const logs = daemons.map(({ logFile, logTail }) => `--- ${logFile}\n${logTail()}`);
      throw new Error(`the API server did not start: ${what}\n${logs.join('\n')}`);
    }
    await wait(POLL_MS);
  }
}

async function isReady(admin: ApiClient): Promise<boolean> {
  try {
    return (await admin.send('GET', '/readyz')).status === 200;
  } catch {
    return false; // nobody listens yet; the caller looks at the processes themselves
  }
}
