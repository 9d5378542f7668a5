import type { Problem } from '@checkpoint-warden/errors';
import { EMPTY_POLICY, type NodeRule, type Policy, type Rule } from '@checkpoint-warden/policy';
import { compileEntry, compileGlobal, compileNode, defaultNodeRule } from './compile-rules.ts';
import { whyNeverMatches } from './never-matches.ts';
import type { CheckpointRetentionPolicy } from './policy-object.ts';

/** A part of a policy object that is not in force because an older object gives the same scope. */
export interface Conflict {
  /** Where in the younger object: `spec.podPolicies[1]`. */
  readonly path: string;
  /** What both are for: `globalPolicy`, `nodePolicy`, `pod shop/web-*`. */
  readonly scope: string;
  /** Name of the older object. */
  readonly winner: string;
}

/** A part of a policy object that is not in force because no name that Kubernetes allows can match it. */
export interface Useless {
  /** Where: `spec.podPolicies[1].namespace`. */
  readonly path: string;
  readonly pattern: string;
  readonly why: string;
}

/** What became of one policy object. */
export interface CompiledObject {
  readonly name: string;
  /** Whether its `nodeSelector` chooses the node. */
  readonly applies: boolean;
  readonly conflicts: readonly Conflict[];
  readonly useless: readonly Useless[];
}

export interface CompiledPolicySet {
  readonly policy: Policy;
  /** In order of precedence, the oldest first. */
  readonly objects: readonly CompiledObject[];
  readonly warnings: readonly Problem[];
}

/** The node that a policy is compiled for. */
export interface PolicyNode {
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Turns policy objects into what one node enforces (docs/explanation/retention.md, 2). Pure; the result does not depend on the order of
 * objects that have a `creationTimestamp`. Objects without one (files) keep their order, after the others.
 *
 * @param objects - valid ones (`validateObject` finds nothing); only name, `creationTimestamp` and `spec` are read
 * @param node - leave out where labels are not known: objects with a `nodeSelector` then do not apply
 * @throws AppError `CW_ERR_POLICY_INVALID` when an object is not valid
 */
export function compile(objects: readonly CheckpointRetentionPolicy[], node?: PolicyNode): CompiledPolicySet {
  const ordered = [...objects].sort(byAge);
  const winners = new Map<string, string>();
  const rules: Rule[] = [];
  let nodeRule: NodeRule | undefined;
  const compiled = ordered.map((object): CompiledObject => {
    const { name } = object.metadata;
    if (!isSelected(object, node)) return { name, applies: false, conflicts: [], useless: [] };
    const conflicts: Conflict[] = [];
    const useless: Useless[] = [];
    for (const part of partsOf(object)) {
      const winner = winners.get(part.scope);
      if (winner !== undefined) {
        conflicts.push({ path: `spec.${part.path}`, scope: part.scope, winner });
        continue;
      }
      if (part.useless.length > 0) {
        useless.push(...part.useless);
        continue;
      }
      winners.set(part.scope, name);
      const made = part.compile(`${name}/${part.path}`);
      if ('level' in made) rules.push(made);
      else nodeRule = made;
    }
    return { name, applies: true, conflicts, useless };
  });
  const oldest = ordered.find((object) => isSelected(object, node));
  return {
    policy: oldest === undefined ? EMPTY_POLICY : { rules, node: nodeRule ?? defaultNodeRule(oldest) },
    objects: compiled,
    warnings: [
      ...(node === undefined ? ordered.flatMap(selectorWarnings) : []),
      ...compiled.flatMap(uselessWarnings),
    ],
  };
}

function byAge(a: CheckpointRetentionPolicy, b: CheckpointRetentionPolicy): number {
  const [bornA, bornB] = [bornAt(a), bornAt(b)];
  if (bornA === undefined || bornB === undefined)
    return Number(bornA === undefined) - Number(bornB === undefined);
  if (bornA !== bornB) return bornA - bornB;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** Unix ms, or `undefined` for an object that was never on an API server. */
function bornAt(object: CheckpointRetentionPolicy): number | undefined {
  const ms = Date.parse(object.metadata.creationTimestamp ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

function isSelected({ spec }: CheckpointRetentionPolicy, node: PolicyNode | undefined): boolean {
  const wanted = Object.entries(spec.nodeSelector ?? {});
  return wanted.every(([label, value]) => node?.labels[label] === value);
}

/** A part of an object that makes one rule, and the scope that only one object can have. */
interface Part {
  readonly path: string;
  readonly scope: string;
  readonly useless: readonly Useless[];
  readonly compile: (id: string) => Rule | NodeRule;
}

function partsOf({ spec }: CheckpointRetentionPolicy): Part[] {
  const { globalPolicy, nodePolicy, namespacePolicies = [], podPolicies = [], containerPolicies = [] } = spec;
  return [
    ...(globalPolicy === undefined
      ? []
      : [
          {
            path: 'globalPolicy',
            scope: 'globalPolicy',
            useless: [],
            compile: (id: string) => compileGlobal(id, spec, globalPolicy),
          },
        ]),
    ...namespacePolicies.map((entry, index) => ({
      path: `namespacePolicies[${index}]`,
      scope: `namespace ${entry.namespace}`,
      useless: uselessPatterns(`spec.namespacePolicies[${index}]`, entry),
      compile: (id: string) => compileEntry(id, spec, 'namespace', entry),
    })),
    ...podPolicies.map((entry, index) => ({
      path: `podPolicies[${index}]`,
      scope: `pod ${entry.namespace}/${entry.pod}`,
      useless: uselessPatterns(`spec.podPolicies[${index}]`, entry),
      compile: (id: string) => compileEntry(id, spec, 'pod', entry),
    })),
    ...containerPolicies.map((entry, index) => ({
      path: `containerPolicies[${index}]`,
      scope: `container ${entry.namespace}/${entry.pod}/${entry.container}`,
      useless: uselessPatterns(`spec.containerPolicies[${index}]`, entry),
      compile: (id: string) => compileEntry(id, spec, 'container', entry),
    })),
    ...(nodePolicy === undefined
      ? []
      : [
          {
            path: 'nodePolicy',
            scope: 'nodePolicy',
            useless: [],
            compile: (id: string) => compileNode(id, spec, nodePolicy),
          },
        ]),
  ];
}

function uselessPatterns(
  path: string,
  entry: { readonly namespace: string; readonly pod?: string; readonly container?: string },
): Useless[] {
  return (['namespace', 'pod', 'container'] as const).flatMap((field) => {
    const pattern = entry[field];
    const why = pattern === undefined ? undefined : whyNeverMatches(field, pattern);
    return pattern === undefined || why === undefined ? [] : [{ path: `${path}.${field}`, pattern, why }];
  });
}

function uselessWarnings({ name, useless }: CompiledObject): Problem[] {
  return useless.map(({ path, pattern, why }) => ({
    path: `${name}/${path}`,
    message: `matches nothing: ${why}`,
    found: JSON.stringify(pattern),
    remedy: 'correct the name, or take the entry out',
  }));
}

function selectorWarnings({ metadata, spec }: CheckpointRetentionPolicy): Problem[] {
  if (Object.keys(spec.nodeSelector ?? {}).length === 0) return [];
  return [
    {
      path: `${metadata.name}/nodeSelector`,
      message: `${metadata.name} has a nodeSelector and does not apply: the labels of this node are not known`,
      found: JSON.stringify(spec.nodeSelector),
      remedy: 'take nodeSelector out of policies for an agent without a controller',
    },
  ];
}
