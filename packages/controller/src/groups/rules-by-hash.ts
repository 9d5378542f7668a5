import { createHash } from 'node:crypto';
import { ruleHashesIn } from '@checkpoint-warden/api';
import type { Policy, Rule } from '@checkpoint-warden/policy';

/** The rules of some policies whose limits hold over all nodes together. */
export interface SharedRules {
  /** What tells them from others: another text when some group may have another hash. */
  readonly id: string;
  /** The one that has a hash in a namespace. */
  find(namespace: string, hash: string): Rule | undefined;
}

/** Twice as many as Kubernetes is made for: namespaces come and go for as long as nobody edits a policy. */
export const MAX_NAMESPACES = 20_000;

export function sharedRules(policies: ReadonlySet<Policy>): SharedRules {
  const sharing = [...policies].filter(({ rules }) => rules.some(isShared));
  /** By text: of those that have the same one, each has the same hashes. */
  const distinct = new Map(sharing.map((policy) => [textOf(policy), policy]));
  const byNamespace = new Map<string, ReadonlyMap<string, Rule>>();
  return {
    id: createHash('sha256')
      .update([...distinct.keys()].sort().join('\n'))
      .digest('base64url'),
    find(namespace, hash) {
      let known = byNamespace.get(namespace);
      if (known === undefined) {
        known = rulesIn(distinct.values(), namespace);
        if (byNamespace.size === MAX_NAMESPACES) byNamespace.clear();
        byNamespace.set(namespace, known);
      }
      return known.get(hash);
    },
  };
}

/** Of other rules it only matters which archives they take. */
function textOf({ rules }: Policy): string {
  return JSON.stringify(
    rules.map((rule) => (isShared(rule) ? rule : [rule.level, rule.namespace, rule.pod, rule.container])),
  );
}

function rulesIn(policies: Iterable<Policy>, namespace: string): ReadonlyMap<string, Rule> {
  const found = new Map<string, Rule>();
  for (const { rules } of policies) {
    for (const [rule, hash] of ruleHashesIn(rules, namespace)) if (isShared(rule)) found.set(hash, rule);
  }
  return found;
}

function isShared({ scope }: Rule): boolean {
  return scope === 'Cluster';
}
