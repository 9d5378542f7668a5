import {
  API_VERSION,
  type CheckpointRetentionPolicy,
  compile,
  KIND,
  policyHash,
  validateObject,
} from '@checkpoint-warden/api';
import { HOLD_ORPHANS, POLICIES, type PolicyResource } from '@checkpoint-warden/controller/testing';
import type { Clock } from '@checkpoint-warden/kit';
import { LEASES, type Lease, NODES, type Node, PODS, type Pod } from '@checkpoint-warden/kube';
import type { MemoryApiServer } from '@checkpoint-warden/kube/testing';
import type { Policy } from '@checkpoint-warden/policy';

/** Monotonic ms in which an owner existed; `toMs` is infinite while it does. */
export interface Presence {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a node is to enforce, by some state of the API server. */
export interface NodeTruth {
  readonly policy: Policy;
  readonly hash: string;
  /** Names of the objects that apply. */
  readonly applies: ReadonlySet<string>;
  /** Those of them that are not wholly in force. */
  readonly imperfect: ReadonlySet<string>;
}

/**
 * What the API server really said, and when: kept by looking at it after whatever has changed it. The oracle's only source;
 * of the product it uses the compiler and the validator, which have oracles of their own.
 */
export interface Truth {
  /** Looks at all of the API server; to be called after every change of the world's. */
  observe(): void;
  /** Looks at what controllers change as well: the Lease. */
  observeLease(): void;
  presencesOf(owner: string): readonly Presence[];
  /** The span in which it knew no pod at all, when all of the one asked for is in it. */
  podlessSpan(fromMs: number, toMs: number): Presence | undefined;
  /** Since when the hold stands on the Lease, monotonic ms; infinite when it does not. */
  readonly heldSinceMs: number;
  /** Whether a policy is what some state of policies and of a node's labels makes. */
  wasEver(node: string, hash: string): boolean;
  now(node: string): NodeTruth;
  isValid(name: string): boolean;
  /** Owners that a restore took away, and when; until they exist again. */
  readonly lost: ReadonlyMap<string, number>;
  /** An administrator has looked at what a restore took away: it is not to be missed any more. */
  forgive(): void;
  /** How often it went back, or lost its Lease. */
  readonly restores: number;
  /** When it did last, monotonic ms. */
  readonly restoredMs: number;
  /** Tells that what `observe` sees next is the past. */
  restoring(): void;
}

export function ownerKey(namespace = '', pod: string, container: string): string {
  return `${namespace}/${pod}/${container}`;
}

/** Compiled once for all walks: there are few states. */
const compiledBy = new Map<string, NodeTruth>();
const validBy = new Map<string, boolean>();

function isValidSpec(object: CheckpointRetentionPolicy): boolean {
  const key = JSON.stringify(object.spec);
  const known = validBy.get(key) ?? validateObject(object).length === 0;
  validBy.set(key, known);
  return known;
}

export function createTruth(api: MemoryApiServer, clock: Pick<Clock, 'monotonicMs'>): Truth {
  const presences = new Map<string, Presence[]>();
  const present = new Map<string, number>();
  const policySets = new Map<string, readonly CheckpointRetentionPolicy[]>();
  const labelSets = new Map<string, Map<string, Readonly<Record<string, string>>>>();
  const lost = new Map<string, number>();
  let podless: Presence[] = [];
  let heldSinceMs = Number.POSITIVE_INFINITY;
  let isRestored = false;
  /** The Lease as it was before a restore. */
  let leaseBefore = '';
  let restores = 0;
  let restoredMs = Number.NEGATIVE_INFINITY;
  let policiesNow: readonly CheckpointRetentionPolicy[] = [];

  function observePods(nowMs: number): void {
    const pods = api.objects<Pod>(PODS);
    const there = new Set(
      pods.flatMap(
        ({ metadata: { namespace, name }, spec: { containers = [], ephemeralContainers = [] } = {} }) =>
          [...containers, ...ephemeralContainers].map((container) =>
            ownerKey(namespace, name, container.name),
          ),
      ),
    );
    for (const [owner, fromMs] of present) {
      if (there.has(owner)) continue;
      present.delete(owner);
      presences.set(owner, [...(presences.get(owner) ?? []), { fromMs, toMs: nowMs }]);
      if (isRestored && leaseBefore !== leaseNow()) lost.set(owner, nowMs);
    }
    for (const owner of there) {
      if (!present.has(owner)) present.set(owner, nowMs);
      lost.delete(owner);
    }
    const last = podless.at(-1);
    const isOpen = last?.toMs === Number.POSITIVE_INFINITY;
    if (pods.length === 0 && !isOpen)
      podless = [...podless, { fromMs: nowMs, toMs: Number.POSITIVE_INFINITY }];
    if (pods.length > 0 && isOpen) podless = [...podless.slice(0, -1), { ...last, toMs: nowMs }];
  }

  function observePolicies(): void {
    policiesNow = api.objects<PolicyResource>(POLICIES).map(
      ({ metadata: { name, creationTimestamp = '' }, spec }) =>
        ({
          apiVersion: API_VERSION,
          kind: KIND,
          metadata: { name, creationTimestamp },
          spec,
        }) as CheckpointRetentionPolicy,
    );
    policySets.set(JSON.stringify(policiesNow), policiesNow);
    for (const { metadata } of api.objects<Node>(NODES)) {
      const sets = labelSets.get(metadata.name) ?? new Map();
      sets.set(JSON.stringify(metadata.labels), metadata.labels ?? {});
      labelSets.set(metadata.name, sets);
    }
  }

  function compiled(
    objects: readonly CheckpointRetentionPolicy[],
    labels: Readonly<Record<string, string>>,
  ): NodeTruth {
    // In the order of age, which is all that times decide.
    const byAge = [...objects].sort((a, b) => {
      const order = (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '');
      return order || a.metadata.name.localeCompare(b.metadata.name);
    });
    const key = JSON.stringify([byAge.map(({ metadata, spec }) => [metadata.name, spec]), labels]);
    const known = compiledBy.get(key);
    if (known !== undefined) return known;
    const { policy, objects: rows } = compile(byAge.filter(isValidSpec), { labels });
    const applying = rows.filter(({ applies }) => applies);
    const made: NodeTruth = {
      policy,
      hash: policyHash(policy),
      applies: new Set(applying.map(({ name }) => name)),
      imperfect: new Set(applying.filter(({ conflicts }) => conflicts.length > 0).map(({ name }) => name)),
    };
    if (compiledBy.size > 20_000) compiledBy.clear();
    compiledBy.set(key, made);
    return made;
  }

  function labelsOf(node: string): Readonly<Record<string, string>> {
    return api.objects<Node>(NODES).find(({ metadata }) => metadata.name === node)?.metadata.labels ?? {};
  }

  /**
   * A restore that leaves the very Lease that its holder knows, of a backup made since the last renewal, cannot be told by it: whom
   * that takes away is as gone as if somebody had deleted it.
   */
  function leaseNow(): string {
    const [lease] = api.objects<Lease>(LEASES);
    return JSON.stringify([lease?.metadata.uid, lease?.spec]);
  }

  function observeLease(): void {
    const [lease] = api.objects<Lease>(LEASES);
    const isHeld = lease?.metadata.annotations?.[HOLD_ORPHANS] !== undefined;
    heldSinceMs = isHeld ? Math.min(heldSinceMs, clock.monotonicMs()) : Number.POSITIVE_INFINITY;
  }

  return {
    observe() {
      observePods(clock.monotonicMs());
      observePolicies();
      observeLease();
      isRestored = false;
    },
    observeLease,
    presencesOf(owner) {
      const past = presences.get(owner) ?? [];
      const fromMs = present.get(owner);
      return fromMs === undefined ? past : [...past, { fromMs, toMs: Number.POSITIVE_INFINITY }];
    },
    podlessSpan: (fromMs, toMs) => podless.find((span) => span.fromMs <= fromMs && span.toMs > toMs),
    get heldSinceMs() {
      return heldSinceMs;
    },
    wasEver: (node, hash) =>
      [...policySets.values()].some((objects) =>
        [...(labelSets.get(node)?.values() ?? [])].some((labels) => compiled(objects, labels).hash === hash),
      ),
    now: (node) => compiled(policiesNow, labelsOf(node)),
    isValid: (name) => policiesNow.some((object) => object.metadata.name === name && isValidSpec(object)),
    lost,
    forgive: () => lost.clear(),
    get restores() {
      return restores;
    },
    get restoredMs() {
      return restoredMs;
    },
    restoring() {
      restores += 1;
      restoredMs = clock.monotonicMs();
      isRestored = true;
      leaseBefore = leaseNow();
    },
  };
}
