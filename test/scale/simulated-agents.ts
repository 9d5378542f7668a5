// All agents of a cluster in one process: one HTTPS server that is reached by one address of this machine for each of them.
import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { NewestRequest, OwnersPush, PolicyPush, RemoteArchivesPush } from '@checkpoint-warden/api';
import type { TlsSet } from '@checkpoint-warden/kit';
import { answer } from './child.ts';
import { sharedMs } from './clock.ts';
import {
  agentAt,
  type ClusterSize,
  layArchives,
  namespaceNames,
  nodeName,
  type Trial,
} from './cluster-shape.ts';
import { leastToTell, type SharedList, sharedListOf } from './shared-lists.ts';
import { type Answer, createSimulatedAgent, type SimulatedAgent } from './simulated-agent.ts';
import { countTraffic } from './traffic.ts';

export interface AgentsOptions {
  readonly size: ClusterSize;
  readonly tls: Pick<TlsSet, 'ca' | 'cert' | 'key'>;
  readonly trials: readonly Trial[];
}

/** Agents that something is awaited of. */
interface Awaited {
  readonly of: Set<number>;
  readonly happened: (agent: number, request: Request) => boolean;
  readonly resolve: (atMs: number) => void;
}

/** A request that was answered. */
interface Request {
  readonly kind: string;
  readonly body: unknown;
}

/** An archive that arrives in a namespace: on which node, and which others have some of that namespace. */
export interface Arrival {
  readonly namespace: string;
  readonly holder: number;
  readonly others: readonly number[];
}

let size: ClusterSize = { agents: 0, pods: 0 };
let agents: readonly SimulatedAgent[] = [];
let alive = new Set<number>();
const sockets = new Set<Socket>();
const traffic = countTraffic();
const awaited = new Set<Awaited>();

/** @returns when it had happened of all of them, by the clock that processes share */
function when(of: Iterable<number>, happened: Awaited['happened']): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const wanted: Awaited = { of: new Set(of), happened, resolve };
  if (wanted.of.size === 0) resolve(sharedMs());
  else awaited.add(wanted);
  return promise;
}

function tellAwaited(agent: number, request: Request): void {
  for (const wanted of awaited) {
    if (!wanted.of.has(agent) || !wanted.happened(agent, request)) continue;
    wanted.of.delete(agent);
    if (wanted.of.size > 0) continue;
    awaited.delete(wanted);
    wanted.resolve(sharedMs());
  }
}

/** A floor has the same work done and changes nothing. */
const FLOOR_PATH = '/floor';

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const index = agentAt(request.socket.localAddress ?? '');
  const agent = agents[index];
  if (agent === undefined || !alive.has(index)) return;
  // A connection that is cut meanwhile leaves nothing to answer.
  const asked = request.method === 'GET' ? '' : await text(request).catch(() => undefined);
  if (asked === undefined) return;
  const body: unknown = asked === '' ? undefined : JSON.parse(asked);
  const path = request.url?.split('?')[0] ?? '';
  const call = `${request.method} ${path}`;
  const { status, body: told, headers } = answerOf(agent, call, request, body);
  const payload = told === undefined ? '' : JSON.stringify(told);
  if (path !== FLOOR_PATH)
    traffic.request(call, status, Buffer.byteLength(asked) + Buffer.byteLength(payload));
  response.writeHead(status, {
    ...headers,
    ...(payload === ''
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  });
  response.end(payload);
  if (status === 200) tellAwaited(index, { kind: call, body });
}

function answerOf(agent: SimulatedAgent, call: string, request: IncomingMessage, body: unknown): Answer {
  switch (call) {
    case 'GET /v1/state':
      return agent.getState(request.headers['if-none-match']);
    case 'PUT /v1/policy':
      return agent.putPolicy(body as PolicyPush);
    case 'GET /v1/owners':
      return agent.getOwners();
    case 'PUT /v1/owners':
      return agent.putOwners(body as OwnersPush);
    case 'GET /v1/groups':
      return agent.getGroups();
    case 'POST /v1/groups':
      return agent.postGroups(body as NewestRequest);
    case 'PUT /v1/remote-archives':
      return agent.putRemoteArchives(body as RemoteArchivesPush);
    case `POST ${FLOOR_PATH}`:
      return agent.postGroups(body as NewestRequest);
    case `PUT ${FLOOR_PATH}`:
      agent.rehearse(body as Partial<PolicyPush>);
      return { status: 200, body: agent.policy };
    case `GET ${FLOOR_PATH}`:
      return { status: 200, body: agent.policy };
    default:
      return { status: 404, body: { code: 'CW_ERR_NOT_FOUND', message: call } };
  }
}

async function listen({ size: given, tls, trials }: AgentsOptions): Promise<number> {
  size = given;
  const held = layArchives(size);
  for (const { pod, holders } of trials) for (const holder of holders) held[holder]?.push(pod);
  agents = held.map((pods, agent) =>
    createSimulatedAgent(
      nodeName(agent),
      pods.map(({ namespace, pod, containers: [container = ''] }) => ({ namespace, pod, container })),
    ),
  );
  alive = new Set(agents.keys());
  const server = createHttpsServer(
    {
      ...tls,
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: true,
      secureOptions: constants.SSL_OP_NO_TICKET,
      keepAliveTimeout: 0,
    },
    (request, response) => void respond(request, response),
  );
  server.on('secureConnection', () => traffic.handshaken());
  server.on('tlsClientError', () => {}); // the other side sees it as well
  const tcp = createTcpServer((socket) => {
    traffic.connected();
    sockets.add(socket);
    socket.on('error', () => {}); // cut off
    socket.once('close', () => {
      traffic.disconnected();
      sockets.delete(socket);
    });
    if (alive.has(agentAt(socket.localAddress ?? ''))) server.emit('connection', socket);
  });
  tcp.listen({ host: '0.0.0.0', port: 0, backlog: 4_096 });
  await new Promise((resolve) => tcp.once('listening', resolve));
  return (tcp.address() as AddressInfo).port;
}

const calls = {
  listen,
  traffic: () => traffic.read(),
  resetTraffic: () => traffic.reset(),
  /** When all that are alive enforce a policy. */
  whenEnforced: (hash: string) =>
    when(alive, (agent, { kind }) => kind === 'PUT /v1/policy' && agents[agent]?.policy.hash === hash),
  /** When all that are alive have been told a policy by another leader than now. */
  whenObeyAnother() {
    const before = agents.map(({ policy }) => JSON.stringify(policy.epoch));
    return when(
      alive,
      (agent, { kind }) =>
        kind === 'PUT /v1/policy' && JSON.stringify(agents[agent]?.policy.epoch) !== before[agent],
    );
  },
  /** When the owners of all that are alive have been read. */
  whenOwnersRead: () => when(alive, (_, { kind }) => kind === 'GET /v1/owners'),
  /** When all holders of a trial's pod have been told that it is gone. */
  whenTold: ({ pod, holders }: Trial) =>
    when(
      holders,
      (_, { kind, body }) =>
        kind === 'PUT /v1/owners' &&
        (body as OwnersPush).absent.some((each) => each.pod === pod.pod && each.namespace === pod.namespace),
    ),
  /** When all that are alive enforce a policy and were told, under that, of all groups of their namespaces. */
  whenAllTold: (hash: string) =>
    when(
      alive,
      (agent, { kind }) =>
        (kind === 'PUT /v1/remote-archives' || kind === 'PUT /v1/policy') &&
        agents[agent]?.isToldUnder(hash) === true,
    ),
  /** The least that has to be said so that everybody knows of every group that may be over a limit. */
  leastToTell: () => leastToTell(agents),
  /** Archives that could arrive, each in another namespace. */
  arrivals: (count: number): Arrival[] =>
    namespaceNames(size)
      .slice(-count)
      .map((namespace, round) => {
        const holders = [...alive].filter((agent) => agents[agent]?.holds(namespace));
        const holder = holders[(round * 7) % holders.length] ?? 0;
        return { namespace, holder, others: holders.filter((other) => other !== holder) };
      }),
  /** @returns when the holder's poll has told that something is new, and when all others were told of what */
  async arrive({ namespace, holder, others }: Arrival) {
    const archive = agents[holder]?.arrive(namespace);
    const polled = when([holder], (_, { kind }) => kind === 'GET /v1/state');
    const told = when(
      others,
      (_, { kind, body }) =>
        kind === 'PUT /v1/remote-archives' &&
        (body as RemoteArchivesPush).groups.some(
          ({ group, nodes }) =>
            group === namespace &&
            nodes.some(({ archives }) => archives.some(({ name }) => name === archive)),
        ),
    );
    return { polledMs: await polled, toldMs: await told };
  },
  /** What of a namespace's archives has to be said after an arrival. */
  sharedListOf: ({ namespace, holder, others }: Arrival): SharedList =>
    sharedListOf(agents, namespace, holder, others),
  /** When a floor has called all holders. */
  whenFloor: (holders: readonly number[]) => when(holders, (_, { kind }) => kind === `PUT ${FLOOR_PATH}`),
  /** All at the same moment, without a word to whoever is connected. */
  restartAll() {
    for (const agent of agents) agent.restart();
    for (const socket of sockets) socket.destroy();
    return sharedMs();
  },
  /** From now on these accept connections and never say anything. */
  die: (dead: readonly number[]) => {
    for (const agent of dead) alive.delete(agent);
  },
  revive() {
    for (const socket of sockets) {
      if (!alive.has(agentAt(socket.localAddress ?? ''))) socket.destroy();
    }
    alive = new Set(agents.keys());
  },
};
export type AgentsCalls = typeof calls;

answer(calls);
