import { createHash } from 'node:crypto';
import { REMOTE_ARCHIVES_FRESH_MS, type RemoteGroup } from '@checkpoint-warden/api';
import {
  type Archive,
  type GroupKey,
  governingRule,
  groupKey,
  groupKeysOf,
  namespaceOf,
  type Owner,
  type Policy,
} from '@checkpoint-warden/policy';
import type { Message } from '../policy/control-state.ts';
import { compareEpochs } from '../policy/policy-in-force.ts';
import type { RuleHashes } from './rule-hashes.ts';

/** A message about the archives of other nodes. */
export interface RemoteMessage extends Message {
  readonly groups: readonly RemoteGroup[];
  /** The moment from which on they were asked for, by the agent's own monotonic clock. */
  readonly sinceMs: number;
}

/** What the facts say to a node that enforces a policy. */
export interface RemoteFacts {
  /** Archives of other nodes in the groups of this one, each once; all, or those of some namespaces. */
  archives(namespaces?: ReadonlySet<string>): readonly Archive[];
  /** Groups in which something has arrived, wherever. */
  readonly due: ReadonlySet<GroupKey>;
}

/** Nothing is known of other nodes. */
export const NO_REMOTE_FACTS: RemoteFacts = { archives: () => [], due: new Set() };

/** What the agent was told of the archives of other nodes. See {@link createRemoteArchives}. */
export interface RemoteArchives {
  /** Grows with every message; not when one is confirmed. */
  readonly revision: number;
  /** The message that they are from; `undefined`: nothing was said since the start. */
  readonly held: Message | undefined;
  /** All that was said. */
  readonly groups: readonly RemoteGroup[];
  /** The namespaces that they are about. */
  readonly namespaces: ReadonlySet<string>;
  /**
   * Replaces all that was known.
   *
   * @returns the namespaces of which it says something else than was known, and still fresh, before
   */
  replace(message: RemoteMessage, monotonicMs: number): ReadonlySet<string>;
  /**
   * What that very message said was still right at a later moment. Anything else than the message that is held changes nothing,
   * and what is held never ends earlier for it.
   */
  renew(confirmed: Message & { readonly sinceMs: number }): void;
  /** Whether they count. */
  isFresh(monotonicMs: number): boolean;
  /** What they say under a policy, for as long as they count. */
  under(policy: Policy): RemoteFacts;
}

/** Whether facts that were asked for from that moment on count: see `REMOTE_ARCHIVES_FRESH_MS`. */
export function areRemoteFactsFresh(sinceMs: number, monotonicMs: number): boolean {
  const ageMs = monotonicMs - sinceMs;
  return ageMs >= 0 && ageMs <= REMOTE_ARCHIVES_FRESH_MS;
}

/**
 * Keeps what the agent was told of the newest archives of its groups on other nodes. In memory only: a restart forgets them,
 * which keeps more. They count under the very rule that they were gathered under, and not where this node has another one by
 * now: see {@link RemoteFacts}.
 *
 * @param node - this node: what is said of its own archives is passed over, the inventory knows better
 */
export function createRemoteArchives(node: string, hashOf: RuleHashes): RemoteArchives {
  let held: Message | undefined;
  let groups: readonly RemoteGroup[] = [];
  let sinceMs = Number.NEGATIVE_INFINITY;
  let revision = 0;
  let texts: ReadonlyMap<string, string> = new Map();
  let known = new WeakMap<Policy, RemoteFacts>();
  const isFresh = (monotonicMs: number): boolean => areRemoteFactsFresh(sinceMs, monotonicMs);
  return {
    get revision() {
      return revision;
    },
    get held() {
      return held;
    },
    get groups() {
      return groups;
    },
    get namespaces() {
      return new Set(texts.keys());
    },
    replace(message, monotonicMs) {
      const before = isFresh(monotonicMs) ? texts : new Map<string, string>();
      held = { epoch: message.epoch, revision: message.revision };
      ({ groups, sinceMs } = message);
      texts = textsOf(groups);
      known = new WeakMap();
      revision++;
      return new Set([...texts].filter(([name, text]) => before.get(name) !== text).map(([name]) => name));
    },
    renew(confirmed) {
      if (held === undefined || held.revision !== confirmed.revision) return;
      if (compareEpochs(held.epoch, confirmed.epoch) !== 0) return;
      sinceMs = Math.max(sinceMs, confirmed.sinceMs);
    },
    isFresh,
    under(policy) {
      const facts = known.get(policy) ?? factsOf(groups, policy, { node, hashOf });
      known.set(policy, facts);
      return facts;
    },
  };
}

/** What is said of each namespace, as a text that tells it from anything else. */
function textsOf(groups: readonly RemoteGroup[]): Map<string, string> {
  const byNamespace = Map.groupBy(groups, ({ group }) => namespaceOf(group));
  return new Map(
    Array.from(byNamespace, ([namespace, said]) => [
      namespace,
      createHash('sha256').update(JSON.stringify(said)).digest('base64url'),
    ]),
  );
}

interface Surroundings {
  readonly node: string;
  readonly hashOf: RuleHashes;
}

function factsOf(
  groups: readonly RemoteGroup[],
  policy: Policy,
  { node, hashOf }: Surroundings,
): RemoteFacts {
  const byNamespace = new Map<string, Archive[]>();
  const due = new Set<GroupKey>();
  const seen = new Set<string>();
  const rules = new Map<GroupKey, string | undefined>();

  /** The hash of the rule that governs an owner here; `undefined` where archives of other nodes do not matter. */
  const ruleOf = (owner: Owner): string | undefined => {
    const key = groupKey('container', owner);
    if (rules.has(key)) return rules.get(key);
    const rule = governingRule(policy.rules, owner);
    const hash = rule?.scope === 'Cluster' ? hashOf(policy, rule, owner.namespace) : undefined;
    rules.set(key, hash);
    return hash;
  };

  for (const said of groups) {
    const namespace = namespaceOf(said.group);
    const within = new Set<GroupKey>();
    const told = byNamespace.get(namespace) ?? [];
    byNamespace.set(namespace, told);
    for (const holder of said.nodes) {
      for (const { name, pod, container, bytes, countsAsMs, mtimeMs } of holder.archives) {
        const owner = { namespace, pod, container };
        if (ruleOf(owner) !== said.rule) continue; // here it is in another group
        if (said.due.length > 0) for (const key of groupKeysOf(owner)) within.add(key);
        const id = `${holder.node}/${name}`;
        if (holder.node === node || seen.has(id)) continue;
        seen.add(id);
        told.push({
          name,
          node: holder.node,
          sizeBytes: bytes,
          mtimeMs,
          createdAtMs: countsAsMs,
          state: 'complete',
          owner,
          pinned: false,
        });
      }
    }
    for (const key of said.due) if (within.has(key) && isWithin(key, said.group)) due.add(key);
  }
  const all = [...byNamespace.values()].flat();
  return {
    due,
    archives: (namespaces) =>
      namespaces === undefined ? all : [...namespaces].flatMap((name) => byNamespace.get(name) ?? []),
  };
}

/** Whether a group is another one or a narrower one in it. */
function isWithin(key: GroupKey, group: GroupKey): boolean {
  return key === group || key.startsWith(`${group}/`);
}
