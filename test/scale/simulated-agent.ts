import { randomUUID } from 'node:crypto';
import {
  formatMoment,
  type OwnersPage,
  type OwnersPush,
  type PolicyPush,
  policyHash,
  type State,
  toWireTime,
  type WireEpoch,
  type WireOwnersInForce,
  type WirePolicyInForce,
} from '@checkpoint-warden/api';

type Owner = OwnersPage['owners'][number];

/** What an agent answers: a status with a body. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An agent without files: it remembers what it is told as a real one does, and forgets what that forgets at a restart. */
export interface SimulatedAgent {
  readonly policy: WirePolicyInForce;
  getState(etag: string | undefined): Answer;
  putPolicy(push: PolicyPush): Answer;
  getOwners(): Answer;
  /** Archives of absent owners are gone at once. */
  putOwners(push: OwnersPush): Answer;
  restart(): void;
  /** Does the work of a message of a floor, and changes nothing. */
  rehearse(push: Partial<PolicyPush>): void;
}

const ARCHIVE_BYTES = 52_428_800;
const NO_POLICY: WirePolicyInForce = { source: 'none', revision: 0, hash: '' };

/** Compiling is nothing that thousands of agents on one machine should do for the same policy. */
const hashes = new Map<string, string>();

function hashOf(policy: PolicyPush['policy']): string {
  const text = JSON.stringify(policy);
  const known = hashes.get(text);
  if (known !== undefined) return known;
  const hash = policyHash(JSON.parse(text));
  hashes.set(text, hash);
  return hash;
}

export function createSimulatedAgent(
  node: string,
  held: readonly Pick<Owner, 'namespace' | 'pod' | 'container'>[],
): SimulatedAgent {
  let instance = randomUUID();
  let startedMs = performance.now();
  let inventoryRevision = 1;
  let version = 1;
  let policy = NO_POLICY;
  let told: WireOwnersInForce | undefined;
  let latest: { epoch: WireEpoch } | undefined;
  let owners: readonly Owner[] = held.map((owner) => ({
    ...owner,
    podUids: [randomUUID()],
    archives: 3,
    bytes: 3 * ARCHIVE_BYTES,
  }));

  const isStale = (epoch: WireEpoch): boolean => latest !== undefined && compare(epoch, latest.epoch) < 0;
  const inventory = () => ({ instance, revision: inventoryRevision });

  const state = (): State => {
    const count = owners.length * 3;
    const complete = { count, bytes: count * ARCHIVE_BYTES };
    const none = { count: 0, bytes: 0 };
    return {
      node,
      ready: true,
      policy,
      ...(told === undefined ? {} : { owners: told }),
      inventory: inventory(),
      archives: {
        ...complete,
        states: { complete, pinned: none, writing: none, incomplete: none, unattributed: none },
        oldestAt: '2026-01-01T00:00:00.000Z',
      },
      lastScan: { finishedAt: toWireTime(Date.now()), durationMs: 120 },
      auditSeq: 3,
      dueGroups: 0,
      retrying: 0,
      failing: [],
      deleted: [],
      wouldDelete: [],
      clock: { trusted: true },
      unreachable: { count: 0, limits: [] },
    };
  };

  return {
    get policy() {
      return policy;
    },
    getState(etag) {
      const current = `"${instance}-${version}"`;
      const moment = formatMoment({ instance, monotonicMs: performance.now() - startedMs });
      const headers = { etag: current, 'checkpoint-warden-moment': moment };
      return etag === current ? { status: 304, headers } : { status: 200, headers, body: state() };
    },
    putPolicy({ epoch, revision, policy: pushed }) {
      if (isStale(epoch)) return refuseStale();
      if (policy.epoch !== undefined && compare(epoch, policy.epoch) === 0 && revision < policy.revision)
        return refuseStale();
      const next = { source: 'controller', epoch, revision, hash: hashOf(pushed) } as const;
      if (JSON.stringify(next) !== JSON.stringify(policy)) version += 1;
      policy = next;
      latest = { epoch };
      return { status: 200, body: policy };
    },
    getOwners: () => ({
      status: 200,
      body: { inventory: inventory(), owners: [...owners] } satisfies OwnersPage,
    }),
    putOwners({ epoch, revision, asOf, absent }) {
      if (isStale(epoch)) return refuseStale();
      if (!asOf.startsWith(`${instance}/`))
        return { status: 409, body: { code: 'CW_ERR_STALE_FACTS', message: 'as of another start' } };
      latest = { epoch };
      told = { epoch, revision };
      const gone = new Set(absent.map(keyOf));
      owners = owners.filter((owner) => !gone.has(keyOf(owner)));
      version += 1;
      if (absent.length > 0) inventoryRevision += 1;
      return { status: 200, body: told };
    },
    rehearse({ policy: pushed }) {
      if (pushed !== undefined) hashOf(pushed);
    },
    restart() {
      instance = randomUUID();
      startedMs = performance.now();
      inventoryRevision = 1;
      told = undefined;
      version += 1;
    },
  };
}

function keyOf({ namespace, pod, container }: Pick<Owner, 'namespace' | 'pod' | 'container'>): string {
  return `${namespace}/${pod}/${container}`;
}

/** Wire times have one length, so their texts are in the order of the times. */
function compare(a: WireEpoch, b: WireEpoch): number {
  if (a.leaseCreated !== b.leaseCreated) return a.leaseCreated < b.leaseCreated ? -1 : 1;
  return a.leaseTransitions - b.leaseTransitions;
}

function refuseStale(): Answer {
  return { status: 409, body: { code: 'CW_ERR_STALE_REVISION', message: 'something later was obeyed' } };
}
