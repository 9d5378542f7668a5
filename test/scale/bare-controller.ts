// The floors: what a controller cannot do without, as bare loops over kept connections, with nothing of our code.
import { readFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';
import { createSecureContext } from 'node:tls';
import { answer } from './child.ts';
import { sharedMs } from './clock.ts';

export interface BareOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly serverName: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly concurrency: number;
  /** Stands for what is kept of pods. */
  readonly keys: readonly string[];
  readonly api: { readonly url: string; readonly identityFile: string };
}

/** A pod, and whom to tell when it is gone. */
export interface BareTrial {
  readonly namespace: string;
  readonly pod: string;
  readonly addresses: readonly string[];
  readonly body: string;
}

/** A change on one node that others are told of. */
export interface PassedOn {
  readonly from: string;
  readonly request: string;
  readonly to: readonly string[];
  readonly told: string;
}

let options: BareOptions | undefined;
let agents = new Agent();
let api = new Agent();
const kept = new Map<string, string>();
const trials = new Map<string, BareTrial>();

function exchange(url: string, more: RequestOptions, payload?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, more, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve(text)).once('error', reject);
    });
    outgoing.once('error', reject).end(payload);
  });
}

function callAgent(address: string, payload?: string, verb: 'PUT' | 'POST' = 'PUT'): Promise<string> {
  const headers = {
    'content-type': 'application/json',
    ...(payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) }),
  };
  const method = payload === undefined ? 'GET' : verb;
  return exchange(`https://${address}:${options?.port}/floor`, { agent: agents, method, headers }, payload);
}

async function each(
  addresses: readonly string[],
  call: (address: string) => Promise<unknown>,
): Promise<void> {
  const waiting = addresses.values();
  const work = async () => {
    for (const address of waiting) await call(address);
  };
  await Promise.all(Array.from({ length: options?.concurrency ?? 1 }, work));
}

async function onPodDeleted(namespace: string, pod: string): Promise<void> {
  const trial = trials.get(`${namespace}/${pod}`);
  if (trial === undefined) return;
  await exchange(`${options?.api.url}/api/v1/namespaces/${namespace}/pods/${pod}`, { agent: api });
  await Promise.all(trial.addresses.map((address) => callAgent(address, trial.body)));
}

const calls = {
  async connect(given: BareOptions) {
    options = given;
    agents = new Agent({
      keepAlive: true,
      secureContext: createSecureContext({ ...given.tls, minVersion: 'TLSv1.3' }),
      servername: given.serverName,
      maxCachedSessions: 0,
    });
    api = new Agent({ keepAlive: true, ...JSON.parse(readFileSync(given.api.identityFile, 'utf8')) });
    for (const podKey of given.keys) kept.set(podKey, 'app');
    options = { ...given, keys: [] };
    await each(given.addresses, (address) => callAgent(address));
  },
  /** @returns how long it took, ms */
  async putAll(payload: string) {
    const startedMs = sharedMs();
    await each(options?.addresses ?? [], (address) => callAgent(address, payload));
    return sharedMs() - startedMs;
  },
  /** @returns how long it took, ms */
  async passOn({ from, request: asked, to, told }: PassedOn) {
    const startedMs = sharedMs();
    await callAgent(from);
    await callAgent(from, asked, 'POST');
    await Promise.all(to.map((address) => callAgent(address, told)));
    return sharedMs() - startedMs;
  },
  async watch(resourceVersion: string) {
    const path = `/api/v1/pods?watch=1&resourceVersion=${resourceVersion}`;
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(`${options?.api.url}${path}`, { agent: api }, (response) => {
        let rest = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) {
            const { type, object } = JSON.parse(line);
            if (type === 'DELETED') void onPodDeleted(object.metadata.namespace, object.metadata.name);
          }
        });
        resolve();
      });
      outgoing.once('error', reject).end();
    });
  },
  expect(trial: BareTrial) {
    trials.set(`${trial.namespace}/${trial.pod}`, trial);
  },
};
export type BareCalls = typeof calls;

answer(calls);
