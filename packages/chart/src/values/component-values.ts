import { Type } from 'typebox';
import { AffinityProperties, ResourceProperties, Toleration } from './kubernetes-fields.ts';
import { Value } from './value.ts';

/** How much a container asks for and may use. */
export interface Resources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

/** Values about the pods that agent and controller both have. */
export interface PodDefaults {
  /** Plural, for texts: `agents`. */
  readonly who: string;
  readonly resources: Resources;
  readonly resourcesNote: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly unknown[];
  readonly tolerationsNote: string;
}

export function podValues({ who, resources, resourcesNote, ...defaults }: PodDefaults) {
  return {
    resources: Type.Object(ResourceProperties, {
      additionalProperties: false,
      description: `What each of the ${who} asks for and may use. ${resourcesNote}`,
      default: resources,
    }),
    nodeSelector: Value.map({
      description: `Labels of the nodes that the ${who} may run on.`,
      default: defaults.nodeSelector,
    }),
    tolerations: Value.list(Toleration, {
      description: `Taints that the ${who} put up with. ${defaults.tolerationsNote}`,
      default: defaults.tolerations,
    }),
    affinity: Type.Object(AffinityProperties, {
      additionalProperties: false,
      description: `More about where the ${who} may run.`,
      default: {},
    }),
    priorityClassName: Value.dottedName({
      description: 'PriorityClass of the pods; the one of `priorityClass` unless given.',
      default: '',
    }),
    podLabels: Value.map({ description: 'Labels for the pods.', default: {} }),
    podAnnotations: Value.map({ description: 'Annotations for the pods.', default: {} }),
    serviceAccount: Value.section('Account of the pods.', {
      create: Value.flag({ description: 'Whether to make it.', default: true }),
      name: Value.dottedName({
        description: `Its name; that of the ${who} unless given.`,
        default: '',
      }),
      annotations: Value.map({ description: 'Annotations for it.', default: {} }),
    }),
  };
}
