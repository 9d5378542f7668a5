import {
  type CheckpointRetentionPolicy,
  type Conflict,
  compile,
  policyHash,
  type Useless,
  validateObject,
} from '@checkpoint-warden/api';
import type { Problem } from '@checkpoint-warden/errors';
import type { Policy } from '@checkpoint-warden/policy';

export type Labels = Readonly<Record<string, string>>;

/** What one node is to enforce. */
export interface NodePolicy {
  readonly policy: Policy;
  readonly hash: string;
  /** Names of the objects whose `nodeSelector` chooses the node. */
  readonly objects: ReadonlySet<string>;
}

/** What became of one policy object. */
export interface ObjectReport {
  readonly object: CheckpointRetentionPolicy;
  /** Why the object as a whole is not in force; empty when it is. */
  readonly problems: readonly Problem[];
  /** Parts that are not in force on some node because an older object has their scope. */
  readonly conflicts: readonly Conflict[];
  readonly useless: readonly Useless[];
}

/** All policy objects, resolved. A value: a change of objects makes a new one. */
export interface ResolvedPolicies {
  /**
   * @param labels - of the node; `undefined` where they are not known, and objects with a `nodeSelector` then do not apply
   */
  forNode(labels: Labels | undefined): NodePolicy;
  /** By name. Conflicts are those seen on the nodes asked for so far. */
  reports(): readonly ObjectReport[];
}

/**
 * Turns the policy objects of the cluster into what each node enforces. An object that is not valid is left out as a whole,
 * the others stay in force. Nodes that no `nodeSelector` tells apart share one compiled policy.
 */
export function resolvePolicies(objects: readonly CheckpointRetentionPolicy[]): ResolvedPolicies {
  const judged = objects.map((object) => ({ object, problems: validateObject(object) }));
  const valid = judged.filter(({ problems }) => problems.length === 0).map(({ object }) => object);
  const selectorLabels = [
    ...new Set(valid.flatMap(({ spec }) => Object.keys(spec.nodeSelector ?? {}))),
  ].sort();
  const compiled = new Map<string, NodePolicy>();
  const conflicts = new Map<string, Map<string, Conflict>>();
  const useless = new Map<string, readonly Useless[]>();

  const compileFor = (labels: Labels | undefined): NodePolicy => {
    const result = compile(valid, { labels: labels ?? {} });
    for (const each of result.objects) {
      const known = conflicts.get(each.name) ?? new Map<string, Conflict>();
      for (const conflict of each.conflicts) known.set(`${conflict.path} ${conflict.winner}`, conflict);
      conflicts.set(each.name, known);
      if (each.applies) useless.set(each.name, each.useless);
    }
    return {
      policy: result.policy,
      hash: policyHash(result.policy),
      objects: new Set(result.objects.filter(({ applies }) => applies).map(({ name }) => name)),
    };
  };

  return {
    forNode(labels) {
      const key = JSON.stringify(selectorLabels.map((label) => labels?.[label] ?? null));
      let policy = compiled.get(key);
      if (policy === undefined) {
        policy = compileFor(labels);
        compiled.set(key, policy);
      }
      return policy;
    },
    reports: () =>
      judged
        .map(({ object, problems }) => ({
          object,
          problems,
          conflicts: [...(conflicts.get(object.metadata.name)?.values() ?? [])],
          useless: useless.get(object.metadata.name) ?? [],
        }))
        .sort((a, b) => (a.object.metadata.name < b.object.metadata.name ? -1 : 1)),
  };
}
