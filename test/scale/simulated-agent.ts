import { randomUUID } from 'node:crypto';
import {
  formatMoment,
  type GroupsPage,
  type NewestAnswer,
  type NewestRequest,
  type OwnersPage,
  type OwnersPush,
  type PolicyPush,
  policyHash,
  type RemoteArchivesPush,
  type State,
  toWireTime,
  type WireEpoch,
  type WireOwnersInForce,
  type WirePolicyInForce,
  type WireRemoteArchivesInForce,
} from '@checkpoint-warden/api';
import { EMPTY_POLICY, type Policy } from '@checkpoint-warden/policy';
import { ARCHIVES_OF_POD } from './cluster-shape.ts';
import { ARCHIVE_BYTES, createSimulatedGroups, groupName } from './simulated-groups.ts';

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
  readonly rules: Policy;
  /** Whether the group of a namespace lies on it. */
  holds(namespace: string): boolean;
  figures(): GroupsPage['groups'];
  newest(asked: NewestRequest['groups']): NewestAnswer['groups'];
  getState(etag: string | undefined): Answer;
  putPolicy(push: PolicyPush): Answer;
  getOwners(): Answer;
  /** Archives of absent owners are gone at once. */
  putOwners(push: OwnersPush): Answer;
  getGroups(): Answer;
  postGroups(asked: NewestRequest): Answer;
  putRemoteArchives(push: RemoteArchivesPush): Answer;
  /** Whether it enforces a policy, and was told of all groups of its namespaces under that. */
  isToldUnder(hash: string): boolean;
  /** An archive of a namespace arrives. @returns its name */
  arrive(namespace: string): string;
  restart(): void;
  /** Does the work of a message of a floor, and changes nothing. */
  rehearse(push: Partial<PolicyPush>): void;
}

const NO_POLICY: WirePolicyInForce = { source: 'none', revision: 0, hash: '' };

/** Compiling is nothing that thousands of agents on one machine should do for the same policy. */
const compiled = new Map<string, { readonly hash: string; readonly rules: Policy }>();

function compiledOf(policy: PolicyPush['policy']): { readonly hash: string; readonly rules: Policy } {
  const text = JSON.stringify(policy);
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const rules: Policy = JSON.parse(text);
  const made = { hash: policyHash(rules), rules };
  compiled.set(text, made);
  return made;
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
  let rules: Policy = EMPTY_POLICY;
  let told: WireOwnersInForce | undefined;
  let remoteArchives: WireRemoteArchivesInForce | undefined;
  let toldOf: ReadonlySet<string> = new Set();
  let arrivals = 0;
  let latest: { epoch: WireEpoch } | undefined;
  let owners: readonly Owner[] = held.map((owner) => ({
    ...owner,
    podUids: [randomUUID()],
    archives: ARCHIVES_OF_POD,
    bytes: ARCHIVES_OF_POD * ARCHIVE_BYTES,
  }));
  const groups = createSimulatedGroups(node, () => owners);

  const isStale = (epoch: WireEpoch): boolean => latest !== undefined && compare(epoch, latest.epoch) < 0;
  const inventory = () => ({ instance, revision: inventoryRevision });
  const groupsVersion = () => `${policy.hash.slice(0, 16)}.${instance.slice(0, 8)}.${inventoryRevision}`;

  const state = (): State => {
    const count = owners.length * ARCHIVES_OF_POD + arrivals;
    const complete = { count, bytes: count * ARCHIVE_BYTES };
    const none = { count: 0, bytes: 0 };
    return {
      node,
      ready: true,
      policy,
      ...(told === undefined ? {} : { owners: told }),
      ...(remoteArchives === undefined ? {} : { remoteArchives }),
      ...(owners.length === 0 || rules.rules.length === 0 ? {} : { groups: groupsVersion() }),
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
      const { hash, rules: pushedRules } = compiledOf(pushed);
      const next = { source: 'controller', epoch, revision, hash } as const;
      rules = pushedRules;
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
      if (!asOf.startsWith(`${instance}/`)) return refuseOld();
      latest = { epoch };
      told = { epoch, revision };
      const gone = new Set(absent.map(keyOf));
      owners = owners.filter((owner) => !gone.has(keyOf(owner)));
      version += 1;
      if (absent.length > 0) inventoryRevision += 1;
      return { status: 200, body: told };
    },
    getGroups: () => ({
      status: 200,
      body: {
        inventory: inventory(),
        version: groupsVersion(),
        groups: groups.figures(rules),
      } satisfies GroupsPage,
    }),
    postGroups: ({ groups: asked }) => ({
      status: 200,
      body: { inventory: inventory(), groups: groups.newest(rules, asked) } satisfies NewestAnswer,
    }),
    putRemoteArchives({ epoch, revision, asOf, groups: told, changes }) {
      if (isStale(epoch)) return refuseStale();
      if (!asOf.startsWith(`${instance}/`)) return refuseOld();
      if (changes !== undefined && changes.of !== remoteArchives?.revision) return refuseOld();
      latest = { epoch };
      remoteArchives = { epoch, revision };
      const gone = new Set(changes?.gone.map(groupName));
      const kept = changes === undefined ? [] : [...toldOf].filter((name) => !gone.has(name));
      toldOf = new Set([...kept, ...told.map(groupName)]);
      version += 1;
      return { status: 200, body: remoteArchives };
    },
    isToldUnder: (hash) => policy.hash === hash && groups.areNamespacesIn(rules, toldOf),
    get rules() {
      return rules;
    },
    holds: (namespace) =>
      owners.some((owner) => owner.namespace === namespace) &&
      groups.figures(rules).some(({ group }) => group === namespace),
    figures: () => groups.figures(rules),
    newest: (asked) => groups.newest(rules, asked),
    arrive(namespace) {
      arrivals += 1;
      inventoryRevision += 1;
      version += 1;
      return groups.arrive(rules, namespace);
    },
    rehearse({ policy: pushed }) {
      if (pushed !== undefined) compiledOf(pushed);
    },
    restart() {
      instance = randomUUID();
      startedMs = performance.now();
      inventoryRevision = 1;
      told = undefined;
      remoteArchives = undefined;
      toldOf = new Set();
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

function refuseOld(): Answer {
  return { status: 409, body: { code: 'CW_ERR_STALE_FACTS', message: 'as of another start' } };
}

function refuseStale(): Answer {
  return { status: 409, body: { code: 'CW_ERR_STALE_REVISION', message: 'something later was obeyed' } };
}
