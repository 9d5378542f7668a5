import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { archiveFileName } from '@checkpoint-warden/agent/testing';
import { type CertificatePair, mountTlsSecret } from '@checkpoint-warden/kit/testing';
import type { Owner } from '@checkpoint-warden/policy';
import { AFTER_DATASET_MS, archiveStretches, ownersOf, writeStretches } from '../bench/dataset.ts';
import { type RunningProcess, startProcess } from '../bench/process.ts';
import { freePort } from '../cluster/free-port.ts';
import { readImageRuntime } from '../image/image-runtime.ts';
import { sharedMs } from './clock.ts';
import { type Relay, startRelay } from './relay.ts';

/** One archive that arrived on the first node, and the oldest of the namespace, on the second. */
export interface SurplusTimes {
  readonly arrivedMs: number;
  /** When the controller asked the first agent for what is new. */
  readonly polledMs: number;
  readonly goneMs: number;
}

/** The program's agent on two nodes, among all the simulated ones. */
export interface RealAgents {
  /** For `--agent` of the controller. */
  readonly addresses: readonly string[];
  /** Has an archive arrive on the first node, and waits until the oldest of the namespace is gone from the second. */
  arrive(): Promise<SurplusTimes>;
  end(): void;
}

export interface RealAgentsOptions {
  /** The bundled program. */
  readonly program: string;
  readonly folder: string;
  readonly ca: string;
  readonly certificate: CertificatePair;
}

/** The namespace that lies on both nodes, and the one that fills them up to 200 archives each. */
const SHARED = { namespaces: ['real-shared'], pods: 10, archivesPerPod: 3 };
const ALONE = { namespaces: ['real-0', 'real-1'], pods: 10, archivesPerPod: 17 };

/** The rules for the archives of real agents: as many are there as may be, and nobody asks for their pods. */
export const REAL_RULES = [
  {
    namespace: SHARED.namespaces[0],
    maxCheckpoints: 2 * SHARED.pods * SHARED.archivesPerPod,
    retainOrphan: true,
  },
  { namespace: 'real-*', maxCheckpoints: 1_000, retainOrphan: true },
];

export const REAL_NODES = ['real-node-0', 'real-node-1'] as const;

const MINUTE_MS = 60_000;
const DEADLINE_MS = 180_000;
const LOOK_MS = 1;

/** Starts both. What lies on the second node is older than all on the first. */
export async function startRealAgents(options: RealAgentsOptions): Promise<RealAgents> {
  const [first, second] = REAL_NODES.map((node) => join(options.folder, node, 'checkpoints'));
  if (first === undefined || second === undefined) throw new Error('there are two nodes');
  const oldest = fill(second, SHARED, 24 * 60 * MINUTE_MS);
  fill(first, SHARED, 0);
  [second, first].forEach((directory, node) => {
    fill(directory, { ...ALONE, namespaces: ALONE.namespaces.slice(node, node + 1) }, 0);
  });
  const started: StartedAgent[] = [];
  for (const node of REAL_NODES) started.push(await startAgent(options, node));
  const [owner] = ownersIn(SHARED);
  let arrived = 0;
  return {
    addresses: started.map(({ relay }, index) => `${REAL_NODES[index]}=https://127.0.0.1:${relay.port}`),
    async arrive() {
      const victim = oldest.shift();
      if (owner === undefined || victim === undefined) throw new Error('the second node has nothing left');
      arrived += 1;
      const name = archiveFileName(owner, new Date(AFTER_DATASET_MS + arrived * 1_000));
      writeStretches(join(first, name), archiveStretches(owner));
      const arrivedMs = sharedMs();
      const goneMs = await untilGone(join(second, victim));
      return { arrivedMs, polledMs: started[0]?.relay.talksSinceMs ?? Number.NaN, goneMs };
    },
    end() {
      for (const { agent, relay } of started) {
        relay.close();
        agent.kill();
      }
    },
  };
}

interface Content {
  readonly namespaces: readonly string[];
  readonly pods: number;
  readonly archivesPerPod: number;
}

function ownersIn({ namespaces, pods }: Content): Owner[] {
  return namespaces.flatMap((namespace) =>
    ownersOf({ namespaces: 1, pods }).map((owner) => ({ ...owner, namespace })),
  );
}

/** Writes archives that end so long before now. @returns their names, oldest first */
function fill(directory: string, content: Content, beforeMs: number): string[] {
  mkdirSync(directory, { recursive: true });
  const names: string[] = [];
  const owners = ownersIn(content);
  for (let age = content.archivesPerPod * owners.length; age > 0; age--) {
    const owner = owners[age % owners.length];
    if (owner === undefined) continue;
    const name = archiveFileName(owner, new Date(AFTER_DATASET_MS - beforeMs - age * MINUTE_MS));
    writeStretches(join(directory, name), archiveStretches(owner));
    names.push(name);
  }
  return names;
}

interface StartedAgent {
  readonly agent: RunningProcess;
  readonly relay: Relay;
}

async function startAgent(
  { program, folder, ca, certificate }: RealAgentsOptions,
  node: string,
): Promise<StartedAgent> {
  const place = join(folder, node);
  const tlsDir = join(place, 'tls');
  mountTlsSecret(tlsDir, ca, certificate);
  const port = await freePort();
  const { nodeFlags, env } = readImageRuntime();
  const command = [process.execPath, ...nodeFlags, program, 'agent'];
  const settings = [
    `--node-name=${node}`,
    `--checkpoint-dir=${join(place, 'checkpoints')}`,
    `--state-dir=${join(place, 'state')}`,
    `--tls-dir=${tlsDir}`,
    `--listen=127.0.0.1:${port}`,
    '--metrics-listen=127.0.0.1:0',
  ];
  const agent = startProcess('setpriv', ['--pdeathsig', 'KILL', '--', ...command, ...settings], env);
  await agent.nextLine('"first scan done"');
  return { agent, relay: await startRelay(port) };
}

async function untilGone(path: string): Promise<number> {
  const deadlineMs = sharedMs() + DEADLINE_MS;
  while (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    if (sharedMs() > deadlineMs) throw new Error(`still there: ${path}`);
    await setTimeout(LOOK_MS);
  }
  return sharedMs();
}
