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

const NO_LABELS: Labels = {};

/** What one node is to enforce. */
export interface NodePolicy {
  readonly policy: Policy;
  readonly hash: string;
  /** Names of the objects whose `nodeSelector` chooses the node. */
  readonly objects: ReadonlySet<string>;
  /** Parts of objects that are not in force there, by the object's name. */
  readonly leftOut: ReadonlyMap<string, LeftOut>;
}

/** Parts of one object that are not in force, and why. */
export interface LeftOut {
  /** An older object has their scope. */
  readonly conflicts: readonly Conflict[];
  /** Nothing can match them. */
  readonly useless: readonly Useless[];
}

/** What became of one policy object: what is left out on some node. */
export interface ObjectReport extends LeftOut {
  readonly object: CheckpointRetentionPolicy;
  /** Why the object as a whole is not in force; empty when it is. */
  readonly problems: readonly Problem[];
}

/** All policy objects, resolved. A value: a change of objects makes a new one. */
export interface ResolvedPolicies {
  /**
   * @param labels - of the node; `undefined` where they are not known, and objects with a `nodeSelector` then do not apply
   */
  forNode(labels: Labels | undefined): NodePolicy;
  /** Whether some object has a `nodeSelector`: only then it matters which labels a node has. */
  readonly hasSelectors: boolean;
  /** By name, with what is left out in these policies of nodes. */
  reports(inForce: Iterable<NodePolicy>): readonly ObjectReport[];
}

/**
 * Turns the policy objects of the cluster into what each node enforces. An object that is not valid is left out as a whole,
 * the others stay in force. Nodes that the same objects choose share one compiled policy: what is made from policies further
 * on is made once for each, and a label may have another value on every node.
 */
export function resolvePolicies(objects: readonly CheckpointRetentionPolicy[]): ResolvedPolicies {
  const judged = objects.map((object) => ({ object, problems: validateObject(object) }));
  const valid = judged.filter(({ problems }) => problems.length === 0).map(({ object }) => object);
  const compiled = new Map<string, NodePolicy>();
  const policies = new Map<string, Policy>();
  /** Found once: it is asked for each node whenever one of them changes. */
  const ofLabels = new WeakMap<Labels, NodePolicy>();

  const compileFor = (labels: Labels): NodePolicy => {
    const result = compile(valid, { labels });
    const hash = policyHash(result.policy);
    // Other objects may come to the same: where older ones have all of a younger one's scopes.
    const policy = policies.get(hash) ?? result.policy;
    policies.set(hash, policy);
    return {
      policy,
      hash,
      objects: new Set(result.objects.filter(({ applies }) => applies).map(({ name }) => name)),
      leftOut: new Map(result.objects.map(({ name, conflicts, useless }) => [name, { conflicts, useless }])),
    };
  };

  return {
    hasSelectors: valid.some(({ spec }) => Object.keys(spec.nodeSelector ?? {}).length > 0),
    forNode(labels = NO_LABELS) {
      const known = ofLabels.get(labels);
      if (known !== undefined) return known;
      const chosenBy = valid.flatMap((object, index) => (chooses(object, labels) ? [index] : [])).join();
      const policy = compiled.get(chosenBy) ?? compileFor(labels);
      compiled.set(chosenBy, policy);
      ofLabels.set(labels, policy);
      return policy;
    },
    reports(inForce) {
      const distinct = [...new Set(inForce)];
      return judged
        .map(({ object, problems }) => ({
          object,
          problems,
          ...leftOutAnywhere(object.metadata.name, distinct),
        }))
        .sort((a, b) => (a.object.metadata.name < b.object.metadata.name ? -1 : 1));
    },
  };
}

/** As `compile` does it. */
function chooses({ spec }: CheckpointRetentionPolicy, labels: Labels): boolean {
  return Object.entries(spec.nodeSelector ?? {}).every(([label, value]) => labels[label] === value);
}

function leftOutAnywhere(name: string, inForce: readonly NodePolicy[]): LeftOut {
  const everywhere = inForce.flatMap(({ leftOut }) => leftOut.get(name) ?? []);
  const distinct = <T>(parts: readonly T[]): T[] => [
    ...new Map(parts.map((part) => [JSON.stringify(part), part])).values(),
  ];
  return {
    conflicts: distinct(everywhere.flatMap(({ conflicts }) => conflicts)),
    useless: distinct(everywhere.flatMap(({ useless }) => useless)),
  };
}
