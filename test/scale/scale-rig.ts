import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crdYaml } from '@checkpoint-warden/api';
import { PEER_NAMES } from '@checkpoint-warden/kit';
import { makeCertificates, mountTlsSecret } from '@checkpoint-warden/kit/testing';
import type { RunningProcess } from '../bench/process.ts';
import type { ApiClient } from '../cluster/api-client.ts';
import { startApiServer } from '../cluster/api-server.ts';
import { issueUser } from '../cluster/credentials.ts';
import { type Audit, auditUser } from './audit.ts';
import type { BareCalls } from './bare-controller.ts';
import { type Child, startChild } from './child.ts';
import { agentAddress, type ClusterSize, podAt, type Trial, trialOf } from './cluster-shape.ts';
import { startController } from './controller-process.ts';
import { type Filled, fillCluster } from './fill-cluster.ts';
import { REAL_NODES, type RealAgents, startRealAgents } from './real-agents.ts';
import { type ScalePolicy, scalePolicy } from './scale-policy.ts';
import type { AgentsCalls } from './simulated-agents.ts';

export interface RigOptions {
  readonly size: ClusterSize;
  /** Pods to be deleted, of each sort. */
  readonly rounds: number;
  /** A folder with etcd, kube-apiserver and kubectl. */
  readonly assets: string;
  /** The bundled program. */
  readonly program: string;
  /** More arguments of the controllers' Node, as for a profile. */
  readonly nodeFlags: readonly string[];
  /** As `--poll-interval` takes it. */
  readonly pollInterval: string;
  readonly tell: (text: string) => void;
}

/** Pods that are there to be deleted. */
export interface Trials {
  readonly held: Readonly<Record<1 | 3, readonly Trial[]>>;
  /** What the floors are measured with: nobody holds anything of them. */
  readonly bare: Readonly<Record<1 | 3, readonly Trial[]>>;
  /** For the floor as well, before all others: what the first one costs beyond the others is the API server's. */
  readonly first: Trial;
}

/** A large cluster: a real API server full of objects, simulated agents, and the floors beside them. */
export interface ScaleRig {
  readonly size: ClusterSize;
  readonly api: ApiClient;
  readonly filled: readonly Filled[];
  readonly trials: Trials;
  readonly policy: ScalePolicy;
  readonly agents: Child<AgentsCalls>;
  /** Two more. */
  readonly realAgents: RealAgents;
  readonly bare: Child<BareCalls>;
  /** What the controllers ask of the API server. */
  readonly audit: Audit;
  startController(): Promise<RunningProcess>;
  tell(text: string): void;
  close(): Promise<void>;
}

const HERE = import.meta.dirname;
const USER = { user: 'controller', groups: ['system:masters'] };
/** As many as the controller calls at once. */
const CONCURRENCY = 64;

export async function startScaleRig({
  size,
  rounds,
  assets,
  program,
  nodeFlags,
  pollInterval,
  tell,
}: RigOptions): Promise<ScaleRig> {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-warden-scale-'));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const audit = auditUser(folder, USER.user);
    const server = await startApiServer({ assets, flags: audit.flags });
    ends.push(() => server.close());
    const applied = await server.admin.kubectl(['apply', '--server-side', '-f', '-'], crdYaml());
    if (applied.code !== 0) throw new Error(`the CRD cannot be installed: ${applied.stderr}`);
    const filled = await fillCluster(server, size, tell);

    const certificates = await makeCertificates();
    const { cert: ca } = certificates.authority;
    const tlsDir = join(folder, 'tls');
    mountTlsSecret(tlsDir, ca, certificates.controller);
    const trials = makeTrials(rounds, size);
    const agents = startChild<AgentsCalls>(join(HERE, 'simulated-agents.ts'));
    ends.push(agents.end);
    const port = await agents.ask('listen', {
      size,
      tls: { ca, ...certificates.agent },
      trials: [...trials.held[1], ...trials.held[3]],
    });

    for (const name of REAL_NODES) await server.admin.send('POST', '/api/v1/nodes', { metadata: { name } });
    const realAgents = await startRealAgents({ program, folder, ca, certificate: certificates.agent });
    ends.push(realAgents.end);

    const identityFile = join(folder, 'bare-identity.json');
    writeFileSync(
      identityFile,
      JSON.stringify(await issueUser(server.address.credentials, { user: 'bare', groups: USER.groups })),
    );
    const bare = startChild<BareCalls>(join(HERE, 'bare-controller.ts'));
    ends.push(bare.end);
    await bare.ask('connect', {
      addresses: Array.from({ length: size.agents }, (_, agent) => agentAddress(agent)),
      port,
      serverName: PEER_NAMES.agent,
      tls: { ca, ...certificates.controller },
      concurrency: CONCURRENCY,
      keys: Array.from({ length: size.pods }, (_, index) => {
        const { namespace, pod } = podAt(index, size);
        return `${namespace}/${pod}`;
      }),
      api: { url: server.address.url, identityFile },
    });

    const { kubeconfig } = await server.clientFor(USER);
    return {
      size,
      api: server.admin,
      filled,
      trials,
      policy: scalePolicy(server.admin),
      agents,
      realAgents,
      bare,
      audit,
      tell,
      async startController() {
        const controller = await startController({
          program,
          kubeconfig,
          tlsDir,
          agentPort: port,
          agents: realAgents.addresses,
          nodeFlags,
          pollInterval,
        });
        ends.push(controller.kill);
        return controller;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function makeTrials(rounds: number, size: ClusterSize): Trials {
  const make = (sort: number, holders: number) =>
    Array.from({ length: rounds }, (_, round) => trialOf(sort * rounds + round, holders, size));
  return {
    held: { 1: make(0, 1), 3: make(1, 3) },
    bare: { 1: make(2, 1), 3: make(3, 3) },
    first: trialOf(4 * rounds, 1, size),
  };
}
